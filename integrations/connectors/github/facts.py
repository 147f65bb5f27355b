"""The commits that live versions elsewhere name, looked up in a repository at GitHub."""

from __future__ import annotations

from integrations.connectors.base import Fact, FactKind
from integrations.connectors.common.payload import moment, page_url, part, record, text
from integrations.connectors.common.places import Place
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.reader import Reader


def find_commit(reader: Reader, place: Place, name: str) -> Fact | None:
    """The COMMIT fact of a commit, None where the repository has none of that name. Raises Unread."""
    try:
        # One file a page keeps the answer small; the list of changed files is of no use here.
        answer = record(reader.get(f"{place.path}/commits/{name}", {"per_page": 1}).data)
    except Unread as gap:
        # 422 is GitHub's word for "no commit of that name", 404 for the name of something else.
        if gap.status in (404, 409, 422):
            return None
        raise
    committed_at = moment(part(part(answer, "commit"), "committer"), "date")
    if committed_at is None or not text(answer, "sha").startswith(name.lower()):
        return None
    return Fact(
        FactKind.COMMIT, key=name, happened_at=committed_at, sha=name, url=page_url(text(answer, "html_url"))
    )
