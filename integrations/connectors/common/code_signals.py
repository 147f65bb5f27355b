"""The signals that the files and the branch rules of a team's repositories give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from integrations.connectors.base import Observation
from integrations.connectors.common import tree
from integrations.connectors.common.places import Asked, Place, Role, named_gap
from integrations.connectors.common.pool import Count, Share, every, pooled, some, summed
from integrations.connectors.common.setup import Setup
from integrations.connectors.common.unread import Unread

# Files whose content decides are few in a good repository; reading more than these would ask for the whole of a bad one.
MAX_CONTENTS = 6

SIGNALS = (
    "repo.connected",
    "repo.code_files",
    "repo.notebook_share",
    "repo.has_tests",
    "repo.test_file_ratio",
    "repo.main_branch_guarded",
    *tree.PATTERNS,
)


class CodeHost(Protocol):
    """What the signals of files and branches ask of a host. Methods raise Unread where an answer cannot be had."""

    def listing(self, place: Place) -> tree.Listing:
        """The files at the head of the default branch."""

    def content(self, place: Place, path: str) -> str:
        """The text of a file at the head."""

    def is_guarded(self, place: Place) -> bool:
        """Whether the default branch cannot be changed without an approval and without required checks."""


def observe_code(host: CodeHost, asked: Sequence[Asked], setup: Setup) -> list[Observation]:
    """The signals of SIGNALS for all repositories together."""
    url = next((one.found.url for one in asked if isinstance(one.found, Place)), "")
    listings = [(one, _listing(host, one.found)) for one in asked]
    return [
        some(
            "repo.connected",
            [one.found if isinstance(one.found, Unread) else bool(one.found.head_sha) for one in asked],
            url=url,
        ),
        *_observe_amounts([listing for _, listing in listings], setup, url),
        *_observe_files(host, listings, setup, url),
        every(
            "repo.main_branch_guarded",
            [_guarded(host, one.found) for one in asked if one.has_role(Role.APP, Role.TRAINING)],
            nobody="No repository has the role app or training.",
            url=url,
        ),
    ]


def _listing(host: CodeHost, found: Place | Unread) -> tree.Listing | Unread:
    if isinstance(found, Unread):
        return found
    if not found.head_sha:
        return tree.Listing(())
    try:
        return host.listing(found)
    except Unread as gap:
        return named_gap(found, gap)


def _guarded(host: CodeHost, found: Place | Unread) -> bool | Unread:
    if isinstance(found, Unread):
        return found
    try:
        return host.is_guarded(found)
    except Unread as gap:
        return named_gap(found, gap)


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
    host: CodeHost, listings: Sequence[tuple[Asked, tree.Listing | Unread]], setup: Setup, url: str
) -> list[Observation]:
    def parts(look: Callable[[Place, tree.Listing], bool], *roles: Role) -> list[bool | Unread]:
        return [
            _presence(one.found, listing, look)
            for one, listing in listings
            if not roles or one.has_role(*roles)
        ]

    def has_tests(_: Place, listing: tree.Listing) -> bool:
        return bool(listing.finding(tree.globs_of_tests()) or listing.finding(setup.test_paths))

    def by_name(signal: str) -> Callable[[Place, tree.Listing], bool]:
        return lambda _, listing: bool(listing.finding(tree.PATTERNS[signal]))

    def has_lockfile(place: Place, listing: tree.Listing) -> bool:
        return by_name("repo.has_lockfile")(place, listing) or _any_content(
            host, place, listing.finding(tree.REQUIREMENTS), tree.is_pinned
        )

    def has_iac(place: Place, listing: tree.Listing) -> bool:
        return by_name("repo.has_iac")(place, listing) or _any_content(
            host, place, listing.finding(tree.TEMPLATES), tree.is_cloudformation
        )

    def has_data_checks(place: Place, listing: tree.Listing) -> bool:
        return tree.has_data_check_files(listing) or _any_content(
            host, place, listing.finding(tree.DATA_CHECK_MODULES), tree.imports_data_checks
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
    return Unread("truncated", "The list of files was cut off; what is not in it may still exist.")


def _any_content(host: CodeHost, place: Place, paths: Sequence[str], test: Callable[[str], bool]) -> bool:
    """Whether the content of any of these files passes. Raises Unread when files were left out and none did."""
    if any(test(host.content(place, path)) for path in paths[:MAX_CONTENTS]):
        return True
    if len(paths) > MAX_CONTENTS:
        raise Unread(
            "truncated",
            f"{len(paths)} files would have to be read; the first {MAX_CONTENTS} did not show it.",
        )
    return False
