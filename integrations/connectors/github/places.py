"""The team's repositories as they are now, and the signals that their files and branch rules give."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from integrations.connectors.base import Observation
from integrations.connectors.github import tree
from integrations.connectors.github.guards import Guard, guard_of_protection, guard_of_rules
from integrations.connectors.github.options import REPOSITORY, Mapped, Role, Setup
from integrations.connectors.github.payload import page_url, record, sha, text
from integrations.connectors.github.pool import Count, Share, every, pooled, some, summed
from integrations.connectors.github.reader import Reader
from integrations.connectors.github.unread import Unread

# Files whose content decides are few in a good repository; reading more than these would ask for the whole of a bad one.
MAX_CONTENTS = 6
EMPTY_REPOSITORY = 409

SIGNALS = (
    "repo.connected",
    "repo.code_files",
    "repo.notebook_share",
    "repo.has_tests",
    "repo.test_file_ratio",
    "repo.main_branch_guarded",
    *tree.PATTERNS,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A repository that answered. `head_sha` is the newest commit of its default branch, empty where there is none yet."""

    full_name: str
    roles: frozenset[Role]
    branch: str
    head_sha: str
    url: str
    is_archived: bool

    @property
    def path(self) -> str:
        return f"repos/{self.full_name}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for one repository that the team named: it, or why not."""

    mapped: Mapped
    found: Place | Unread


def ask_places(reader: Reader, setup: Setup) -> list[Asked]:
    """Every named repository. Raises SourceError when none could be asked because the line or the server failed."""
    asked = [Asked(mapped, _place(reader, mapped)) for mapped in setup.repositories]
    causes = [
        one.found.cause if isinstance(one.found, Unread) and one.found.reason == "unreachable" else None
        for one in asked
    ]
    if asked and all(causes) and causes[0] is not None:
        raise causes[0]
    return asked


def _place(reader: Reader, mapped: Mapped) -> Place | Unread:
    if mapped.problem:
        return Unread("not_configured", mapped.problem)
    try:
        answer = record(reader.get(f"repos/{mapped.full_name}").data)
        # A renamed repository answers under its new name; asking by that saves a redirect for each question.
        named, branch = text(answer, "full_name"), text(answer, "default_branch")
        full_name = named if REPOSITORY.fullmatch(named) else mapped.full_name
        head = _head_sha(reader, full_name, branch)
    except Unread as gap:
        return Unread(gap.reason, f"{mapped.full_name}: {gap.detail}", gap.cause)
    return Place(
        full_name,
        mapped.roles,
        branch,
        head,
        page_url(text(answer, "html_url")),
        answer.get("archived") is True,
    )


def _head_sha(reader: Reader, full_name: str, branch: str) -> str:
    try:
        reply = reader.get(f"repos/{full_name}/commits", {"sha": branch, "per_page": 1})
    except Unread as gap:
        if gap.status == EMPTY_REPOSITORY:
            return ""
        raise
    return next((sha(row, "sha") for row in reader.rows_of(reply)), "")


def observe_code(reader: Reader, asked: Sequence[Asked], setup: Setup) -> list[Observation]:
    """The signals of SIGNALS for all repositories together."""
    url = next((one.found.url for one in asked if isinstance(one.found, Place)), "")
    listings = [(one, _listing(reader, one.found)) for one in asked]
    return [
        some(
            "repo.connected",
            [one.found if isinstance(one.found, Unread) else bool(one.found.head_sha) for one in asked],
            url=url,
        ),
        *_observe_amounts([listing for _, listing in listings], setup, url),
        *_observe_files(reader, listings, setup, url),
        every(
            "repo.main_branch_guarded",
            [_guarded(reader, one.found) for one in asked if _has_role(one, Role.APP, Role.TRAINING)],
            nobody="No repository has the role app or training.",
            url=url,
        ),
    ]


def _listing(reader: Reader, found: Place | Unread) -> tree.Listing | Unread:
    if isinstance(found, Unread):
        return found
    if not found.head_sha:
        return tree.Listing(())
    try:
        reply = reader.get(f"{found.path}/git/trees/{found.head_sha}", {"recursive": 1})
        return tree.read_listing(record(reply.data))
    except Unread as gap:
        return Unread(gap.reason, f"{found.full_name}: {gap.detail}", gap.cause)


def _observe_amounts(listings: Sequence[tree.Listing | Unread], setup: Setup, url: str) -> list[Observation]:
    is_test = tree.globs_of_tests()
    code: list[Count | Unread] = []
    notebooks: list[Share | Unread] = []
    tests: list[Share | Unread] = []
    for listing in listings:
        if isinstance(listing, Unread):
            code.append(listing)
            notebooks.append(listing)
            tests.append(listing)
            continue
        plain = [path for path in listing.code if path not in set(listing.notebooks)]
        in_tests = sum(is_test.matches(path) or setup.test_paths.matches(path) for path in plain)
        code.append(Count(len(listing.code), is_lower=listing.is_truncated))
        cut = _cut() if listing.is_truncated else None
        notebooks.append(cut or Share(len(listing.notebooks), len(listing.code)))
        tests.append(cut or Share(in_tests, len(plain) - in_tests))
    total = sum(count.value for count in code if isinstance(count, Count))
    return [
        summed("repo.code_files", code, url=url),
        pooled("repo.notebook_share", notebooks, sample=total, at_least=5, url=url),
        pooled("repo.test_file_ratio", tests, sample=total, at_least=5, url=url),
    ]


def _observe_files(
    reader: Reader, listings: Sequence[tuple[Asked, tree.Listing | Unread]], setup: Setup, url: str
) -> list[Observation]:
    def parts(look: Callable[[Place, tree.Listing], bool], *roles: Role) -> list[bool | Unread]:
        return [
            _presence(one.found, listing, look)
            for one, listing in listings
            if not roles or _has_role(one, *roles)
        ]

    def has_tests(_: Place, listing: tree.Listing) -> bool:
        return bool(listing.finding(tree.globs_of_tests()) or listing.finding(setup.test_paths))

    def by_name(signal: str) -> Callable[[Place, tree.Listing], bool]:
        return lambda _, listing: bool(listing.finding(tree.PATTERNS[signal]))

    def has_lockfile(place: Place, listing: tree.Listing) -> bool:
        return by_name("repo.has_lockfile")(place, listing) or _any_content(
            reader, place, listing.finding(tree.REQUIREMENTS), tree.is_pinned
        )

    def has_iac(place: Place, listing: tree.Listing) -> bool:
        return by_name("repo.has_iac")(place, listing) or _any_content(
            reader, place, listing.finding(tree.TEMPLATES), tree.is_cloudformation
        )

    def has_data_checks(place: Place, listing: tree.Listing) -> bool:
        return tree.has_data_check_files(listing) or _any_content(
            reader, place, listing.finding(tree.DATA_CHECK_MODULES), tree.imports_data_checks
        )

    def has_pipeline(place: Place, listing: tree.Listing) -> bool:
        return (
            by_name("repo.has_pipeline_definition")(place, listing)
            or bool(listing.finding(setup.pipeline_paths))
            or tree.has_pipeline_file(listing, is_training=Role.TRAINING in place.roles)
        )

    nobody_tests = "No repository has the role app or training."
    nobody_trains = "No repository has the role training."
    manifest = "repo.has_dependency_manifest"
    return [
        every("repo.has_tests", parts(has_tests, Role.APP, Role.TRAINING), nobody=nobody_tests, url=url),
        every("repo.has_lockfile", parts(has_lockfile, Role.TRAINING), nobody=nobody_trains, url=url),
        every(manifest, parts(by_name(manifest), Role.TRAINING), nobody=nobody_trains, url=url),
        every(
            "repo.has_ci_config",
            parts(by_name("repo.has_ci_config")),
            nobody="No repository is named.",
            url=url,
        ),
        some("repo.has_pipeline_definition", parts(has_pipeline), url=url),
        some("repo.has_container_definition", parts(by_name("repo.has_container_definition")), url=url),
        some("repo.has_iac", parts(has_iac), url=url),
        some("repo.has_data_checks", parts(has_data_checks), url=url),
        some("repo.has_model_card", parts(by_name("repo.has_model_card")), url=url),
    ]


def _presence(
    found: Place | Unread, listing: tree.Listing | Unread, look: Callable[[Place, tree.Listing], bool]
) -> bool | Unread:
    if isinstance(found, Unread):
        return found
    if isinstance(listing, Unread):
        return listing
    try:
        is_there = look(found, listing)
    except Unread as gap:
        return gap
    # The part of the listing that was cut off may hold it.
    return _cut() if not is_there and listing.is_truncated else is_there


def _cut() -> Unread:
    return Unread("truncated", "GitHub cut the list of files off; what is not in it may still exist.")


def _any_content(reader: Reader, place: Place, paths: Sequence[str], test: Callable[[str], bool]) -> bool:
    """Whether the content of any of these files passes. Raises Unread when files were left out and none did."""
    if any(test(_content(reader, place, path)) for path in paths[:MAX_CONTENTS]):
        return True
    if len(paths) > MAX_CONTENTS:
        raise Unread(
            "truncated",
            f"{len(paths)} files would have to be read; the first {MAX_CONTENTS} did not show it.",
        )
    return False


def _content(reader: Reader, place: Place, path: str) -> str:
    answer = reader.get(f"{place.path}/contents/{quote(path)}", {"ref": place.head_sha}).data
    try:
        return base64.b64decode(text(record(answer), "content")).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise Unread("unreachable", f"{place.full_name}: the content of {path} could not be read.") from error


def _guarded(reader: Reader, found: Place | Unread) -> bool | Unread:
    """Whether the default branch is guarded. Nothing found is unknown: GitHub says 404 for "none" and for "not for you"."""
    if isinstance(found, Unread):
        return found
    branch = quote(found.branch, safe="")
    try:
        guard = guard_of_rules(
            reader.rows_of(reader.get(f"{found.path}/rules/branches/{branch}", {"per_page": 100}))
        )
    except Unread:
        guard = Guard()  # servers without rulesets answer 404; classic protection may still be readable
    if guard.is_whole:
        return True
    try:
        guard |= guard_of_protection(record(reader.get(f"{found.path}/branches/{branch}/protection").data))
    except Unread:
        return Unread(
            "unauthorized",
            f"{found.full_name}: no rule shows it, and classic protection is for administrators only.",
        )
    return guard.is_whole


def _has_role(one: Asked, *roles: Role) -> bool:
    # A line whose role could not be read counts everywhere: leaving it out would let the others speak for it.
    return not one.mapped.roles or not one.mapped.roles.isdisjoint(roles)
