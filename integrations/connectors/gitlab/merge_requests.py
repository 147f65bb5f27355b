"""Merged merge requests and their approvals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from integrations.connectors.common.changes import Change, History, is_hotfix
from integrations.connectors.common.history import cut_of
from integrations.connectors.common.payload import Row, moment, number, part, record, sha, text
from integrations.connectors.common.places import Asked, Place, named_gap
from integrations.connectors.common.pool import Share
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.accounts import Accounts, account_key
from integrations.connectors.gitlab.places import Projects
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.gitlab.recalling import Remembering
from integrations.connectors.gitlab.server import span
from integrations.connectors.memory import Item, Stream

MAX_PAGES = 40
WINDOW = timedelta(days=187)
_HIDDEN = "This GitLab does not show the approvals of merge requests: its edition or the role of the token does not allow it."


class MergeRequests:
    """Asks for merged changes and who approved them."""

    def __init__(
        self,
        reader: Reader,
        remembering: Remembering,
        accounts: Accounts,
        projects: Projects,
        marks: Sequence[str],
    ) -> None:
        self._reader = reader
        self._projects = projects
        self._remembering = remembering
        self._accounts = accounts
        self._marks = tuple(marks)

    def ask(self, asked: Sequence[Asked]) -> list[History | Unread]:
        """The changes merged into each default branch in the last half year."""
        return [one.found if isinstance(one.found, Unread) else self._history(one.found) for one in asked]

    def _history(self, place: Place) -> History | Unread:
        if self._projects.lacks(place, "merge_requests"):
            return History(place, (), self._remembering.until - WINDOW)
        # Of labels and branches only whether they bear a mark is kept, so other marks are another list.
        scope = f"{place.path}/{place.branch}/{'|'.join(sorted(self._marks))}"
        stream = Stream("merge_requests", scope, WINDOW)

        def pages(since: datetime, until: datetime | None) -> Iterator[list[Item]]:
            asked = {
                "state": "merged",
                "scope": "all",
                "target_branch": place.branch,
                "order_by": "updated_at",
                "sort": "desc",
                **span("updated", since, until),
            }
            for page in self._reader.pages(f"{place.path}/merge_requests", asked, max_pages=MAX_PAGES):
                yield [
                    item
                    for row in page
                    if text(row, "target_branch") == place.branch
                    and (item := change_item(row, self._marks, is_by_person=self._is_by_person(row)))
                ]

        try:
            found = self._remembering.recall(stream, pages)
        except Unread as gap:
            return named_gap(place, gap)
        merged = changes_of(found.items, self._marks, self._remembering.until)
        until = self._remembering.until
        cut = cut_of(found, since=until - WINDOW, until=until, what="merged changes")
        covered_from = self._remembering.covered_from(found)
        return History(place, merged, covered_from, named_gap(place, cut) if cut else None)

    def _is_by_person(self, row: Row) -> bool:
        author = part(row, "author")
        return not author or self._accounts.is_person(author)

    def reviewed(self, history: History, changes: list[Change]) -> Share | Unread:
        """The changes with an approval by another person before the merge."""
        try:
            approved = [self._is_approved(history.place, change) for change in changes]
        except Unread as gap:
            if gap.status in (403, 404):
                gap = Unread("unsupported", _HIDDEN, gap.cause)
            return named_gap(history.place, gap)
        return Share(sum(approved), len(approved))

    def _is_approved(self, place: Place, change: Change) -> bool:
        def ask() -> Item:
            where = f"{place.path}/merge_requests/{change.number}/approvals"
            given = record(self._reader.get(where).data).get("approved_by")
            if not isinstance(given, list):
                raise Unread("unreachable", "An answer about approvals holds no list of them.")
            people = [
                [account_key(user), text(row, "approved_at")]
                for row in given
                if isinstance(row, dict)
                for user in (part(row, "user"),)
                if self._accounts.is_person(user)
            ]
            return Item(key, change.merged_at, is_final=True, data={"approvals": people})

        key = str(change.number)
        found = self._remembering.once(Stream("approvals", place.path, timedelta(days=95)), key, ask)
        return any(is_approval(change, who, given_at) for who, given_at in found.data["approvals"])


def change_item(row: Row, marks: Iterable[str], *, is_by_person: bool) -> Item | None:
    """What is remembered of a merged merge request; None when it has no number, no merge or no time of change."""
    merged_at, updated_at = moment(row, "merged_at"), moment(row, "updated_at")
    if merged_at is None or not number(row, "iid"):
        return None
    labels = row.get("labels")
    names = (
        frozenset(one.lower() for one in labels if isinstance(one, str))
        if isinstance(labels, list)
        else frozenset()
    )
    change = Change(
        number(row, "iid"), merged_at, "", is_by_person, "", "", text(row, "source_branch"), names
    )
    return Item(
        str(number(row, "iid")),
        updated_at or merged_at,
        is_final=True,
        data={
            "merged_at": merged_at.isoformat(),
            "author": account_key(part(row, "author")),
            "is_by_person": is_by_person,
            # A squashed change that is merged by fast-forward has no merge commit.
            "merge_sha": sha(row, "merge_commit_sha") or sha(row, "squash_commit_sha"),
            "head_sha": sha(row, "sha"),
            "is_marked": is_hotfix(change, marks),
        },
        changed_at=updated_at,
    )


def changes_of(items: Iterable[Item], marks: Sequence[str], until: datetime) -> tuple[Change, ...]:
    """The remembered changes, newest merge first."""
    found = [
        Change(
            number=int(item.key),
            merged_at=datetime.fromisoformat(item.data["merged_at"]).astimezone(UTC),
            author=item.data["author"],
            is_by_person=item.data["is_by_person"],
            merge_sha=item.data["merge_sha"],
            head_sha=item.data["head_sha"],
            head_ref="",
            labels=frozenset(marks[:1]) if item.data["is_marked"] else frozenset(),
        )
        for item in items
    ]
    merged = [change for change in found if change.merged_at <= until]
    return tuple(sorted(merged, key=lambda change: (change.merged_at, change.number), reverse=True))


def is_approval(change: Change, who: str, given_at: str) -> bool:
    """Whether an approval counts: by another than the author, and before the merge where GitLab says when."""
    given = moment({"at": given_at}, "at")
    return bool(who) and who != change.author and (given is None or given <= change.merged_at)
