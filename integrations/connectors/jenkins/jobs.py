"""The jobs that people named: found through folders and multibranch projects, by Jenkins' own names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from integrations.connectors.common.asking import Asker
from integrations.connectors.common.payload import Row, number, page_url, record, text
from integrations.connectors.common.places import Place
from integrations.connectors.common.unread import Unread

# A folder with more jobs than these is no answer to "which job"; each costs some questions.
MAX_JOBS = 40
MAX_DEPTH = 5
# One level at a time: `depth` would send everything that hangs below.
JOB_FIELDS = "_class,fullName,url,nextBuildNumber,jobs[_class,name,actions[_class]]"
USUAL_BRANCHES = ("main", "master")


@dataclass(frozen=True, slots=True)
class Job:
    """A job that builds. `branch` is the branch that it builds where it belongs to a multibranch project, else empty.

    `next_number` is what its next build will be called: 1 proves that there never was one.
    """

    place: Place
    next_number: int
    branch: str = ""

    @property
    def name(self) -> str:
        return self.place.full_name


@dataclass(frozen=True, slots=True)
class Named:
    """What a line of the form led to."""

    name: str
    jobs: tuple[Job, ...]


class Jobs:
    """Answers about jobs, each asked for once in a collection."""

    def __init__(self, asker: Asker, branch: str) -> None:
        self._asker = asker
        self._branch = branch
        self._answers: dict[str, Row | Unread] = {}

    def named(self, name: str, *, all_branches: bool) -> Named | Unread:
        """The jobs that a name stands for; Unread where one of them cannot be seen."""
        found: list[Job] = []
        try:
            for job in self._below(name, all_branches=all_branches, depth=0):
                found.append(job)
                if len(found) > MAX_JOBS:
                    return Unread(
                        "truncated", f"{name}: more than {MAX_JOBS} jobs; name the ones that are meant."
                    )
        except Unread as gap:
            return Unread(gap.reason, f"{name}: {gap.detail}", gap.cause)
        if not found:
            return Unread("not_configured", f"“{name[:80]}” is a folder without a job in it.")
        return Named(name, tuple(found))

    def _below(self, name: str, *, all_branches: bool, depth: int) -> Iterator[Job]:
        answer = self._ask(name)
        children = answer.get("jobs")
        if children is None:
            yield _job(name, answer)
            return
        if depth >= MAX_DEPTH:
            raise Unread("truncated", f"Folders lie deeper than {MAX_DEPTH} levels; name the job itself.")
        if not isinstance(children, list) or not all(
            isinstance(one, dict) and text(one, "name") for one in children
        ):
            raise Unread("unreachable", "Jenkins answered in a form that is not a list of jobs.")
        is_project = "MultiBranchProject" in text(answer, "_class")
        if is_project and not all_branches:
            children = [_default(children, self._branch)]
        for child in children:
            full_name = f"{name}/{text(child, 'name')}"
            if is_project:
                yield _job(full_name, self._ask(full_name), unquote(text(child, "name")))
            else:
                yield from self._below(full_name, all_branches=all_branches, depth=depth + 1)

    def _ask(self, name: str) -> Row:
        if name not in self._answers:
            try:
                self._answers[name] = record(
                    self._asker.get(f"{path_of(name)}/api/json", {"tree": JOB_FIELDS}).data
                )
            except Unread as gap:
                self._answers[name] = gap
        answer = self._answers[name]
        if isinstance(answer, Unread):
            raise answer
        return answer


def path_of(name: str) -> str:
    """Where Jenkins answers about a job: each folder and the job behind a `job/` of its own."""
    return "/".join(f"job/{quote(part, safe='')}" for part in name.split("/"))


def _job(name: str, answer: Row, branch: str = "") -> Job:
    """A job. An answer of another shape is no job that never built anything."""
    if number(answer, "nextBuildNumber") < 1 or text(answer, "fullName") != name:
        raise Unread("unreachable", f"Jenkins answered about {name} in a form that is not a job.")
    place = Place(
        name, frozenset(), branch, "", page_url(text(answer, "url")), is_archived=False, path=path_of(name)
    )
    return Job(place, number(answer, "nextBuildNumber"), branch)


def _default(children: Sequence[Row], branch: str) -> Row:
    """The job of the default branch. Raises Unread where none can be told."""
    # Jenkins writes the slash in a branch's name as %2F.
    by_name = {text(child, "name"): child for child in children}
    if branch:
        found = by_name.get(quote(branch, safe="")) or by_name.get(branch)
        if found is None:
            raise Unread("not_configured", f"It has no branch {branch[:80]}.")
        return found
    primary = [child for child in children if _is_primary(child)]
    usual = [by_name[name] for name in USUAL_BRANCHES if name in by_name]
    if len(primary) != 1 and not usual:
        raise Unread("not_configured", "Its default branch is not told; say it in the form.")
    return primary[0] if len(primary) == 1 else usual[0]


def _is_primary(child: Row) -> bool:
    """Whether the source host calls this branch its default; Jenkins shows it from 2024 on."""
    actions = child.get("actions")
    return isinstance(actions, list) and any(
        isinstance(action, dict) and text(action, "_class").endswith("PrimaryInstanceMetadataAction")
        for action in actions
    )
