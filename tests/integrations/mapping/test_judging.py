"""What a mapping file says, what is wrong with it and where, and how far it may go. No database."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.github.connector import GithubConnector
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.connectors.registry import load
from integrations.mapping.judging import Target, beyond, judge_file
from integrations.mapping.marked import DEEPEST, MOST_BYTES, MOST_VALUES
from integrations.mapping.writing import mapping_text

GITHUB = Target(
    1,
    "GitHub",
    GithubConnector,
    {"repositories": ["octo/app app", "octo/training training"], "hotfix_marks": "hotfix"},
)
MLFLOW = Target(2, "MLflow of the lab", MlflowConnector, {"experiments": ["churn-*"], "models": ["churn"]})
TARGETS = (GITHUB, MLFLOW)
WHOLE = """\
version: 1
team: churn
connections:
  - name: GitHub
    options:
      repositories: [octo/app app, octo/training training]
      training_workflows:
        - train.yml
      test_step_words: test|check
  - kind: mlflow
    options:
      experiments: [churn-training, churn-x*]
      gate_metrics: [auc]
      production_aliases: [1, 'on']
"""
HEAD = "version: 1\nteam: churn\nconnections:\n"
ON_GITHUB = f"{HEAD}  - name: GitHub\n    options:\n"
ON_MLFLOW = f"{HEAD}  - kind: mlflow\n    options:\n"


def judged(text: str | bytes, targets: tuple[Target, ...] = TARGETS) -> Any:
    return judge_file(text if isinstance(text, bytes) else text.encode(), "churn", targets)


def test_file_sets_exactly_the_options_that_it_names() -> None:
    found = judged(WHOLE)

    assert found.faults == []
    assert found.answers == {
        1: {
            "repositories": ["octo/app app", "octo/training training"],
            "training_workflows": ["train.yml"],
            "test_step_words": "test|check",
        },
        2: {
            "experiments": ["churn-training", "churn-x*"],
            "gate_metrics": ["auc"],
            "production_aliases": ["1", "on"],
        },
    }


def test_file_of_todays_mapping_sets_what_stands_already() -> None:
    text = mapping_text("churn", TARGETS)

    assert judged(text).answers == {
        1: {"repositories": ["octo/app app", "octo/training training"], "hotfix_marks": ["hotfix"]},
        2: {"experiments": ["churn-*"], "models": ["churn"]},
    }
    assert text.splitlines()[1:4] == ["version: 1", "team: churn", "connections:"]


FAULTS: dict[str, tuple[str, list[str]]] = {
    "empty": ("", ["line 1, column 1: The file is empty. It begins with version: 1."]),
    "only a comment": ("# later\n", ["line 1, column 1: The file is empty. It begins with version: 1."]),
    "a list": (
        "- churn\n",
        ["line 1, column 1: The file begins with keys (version, team, connections), not with a list."],
    ),
    "keys missing": (
        "version: 1\n",
        [
            "line 1, column 1: The key team is missing.",
            "line 1, column 1: The key connections is missing.",
        ],
    ),
    "misspelt key": (
        "version: 1\nteam: churn\nconections: []\n",
        [
            "line 3, column 1: The file has no key “conections”. Did you mean connections?",
            "line 1, column 1: The key connections is missing.",
        ],
    ),
    "other version": (
        "version: 2\nteam: churn\nconnections: []\n",
        ["line 1, column 10: Version “2” is not known; this portal reads version 1."],
    ),
    "version as text": (
        "version: one\nteam: churn\nconnections: []\n",
        ["line 1, column 10: version is a number, not a text."],
    ),
    "team is no text": (
        "version: 1\nteam: yes\nconnections: []\n",
        ["line 2, column 7: team is a text, not yes or no."],
    ),
    "team is empty": ('version: 1\nteam: ""\nconnections: []\n', ["line 2, column 7: team is empty."]),
    "another team": (
        WHOLE.replace("team: churn", "team: fraud"),
        [
            "line 2, column 7: This file is for the team “fraud”, and the repository is mapped to churn: a file speaks for its "
            "own team only."
        ],
    ),
    "connections no list": (
        "version: 1\nteam: churn\nconnections:\n  name: GitHub\n",
        ["line 4, column 3: connections is a list (- name: ...), not keys with values."],
    ),
    "connection is a word": (
        f"{HEAD}  - GitHub\n",
        ["line 4, column 5: A connection has the keys name or kind, and options; here stands a text."],
    ),
    "connection without a name": (
        f"{HEAD}  - options: {{}}\n",
        ["line 4, column 5: This connection has neither name nor kind."],
    ),
    "connection with a credential": (
        f"{HEAD}  - name: GitHub\n    token: abc\n",
        ["line 5, column 5: A connection has no key “token”. Known here: kind, name, options."],
    ),
    "credential among the options": (
        f"{ON_GITHUB}      token: abc\n",
        [
            "line 6, column 7: token belongs to the connection itself: no file in a repository sets it or any credential."
        ],
    ),
    "connection that is not mapped": (
        f"{HEAD}  - name: Gihub\n",
        [
            "line 4, column 5: The team is mapped to no connection named “Gihub”; a file sets options of mappings that are "
            "there, and makes none. Did you mean GitHub?"
        ],
    ),
    "kind that is not mapped": (
        f"{HEAD}  - kind: jenkins\n",
        [
            "line 4, column 5: The team is mapped to no connection of the kind “jenkins”; a file sets options of mappings that "
            "are there, and makes none. Known here: github, mlflow."
        ],
    ),
    "the same connection twice": (
        f"{HEAD}  - name: GitHub\n  - kind: github\n",
        ["line 5, column 5: GitHub stands here a second time."],
    ),
    "unknown option": (
        f"{ON_GITHUB}      training_workflow: [train.yml]\n",
        ["line 6, column 7: GitHub has no option “training_workflow”. Did you mean training_workflows?"],
    ),
    "option of another connector": (
        f"{ON_GITHUB}      experiments: [churn-a]\n",
        [
            "line 6, column 7: GitHub has no option “experiments”. Known here: deploy_workflows, hotfix_marks, pipeline_paths, "
            "preproduction_environments, production_environments, repositories, test_paths, test_step_words, "
            "training_workflows."
        ],
    ),
    "text instead of a list": (
        f"{ON_GITHUB}      training_workflows: train.yml\n",
        ["line 6, column 27: training_workflows is a list (- one entry a line), not a text."],
    ),
    "list instead of a text": (
        f"{ON_GITHUB}      test_step_words: [test]\n",
        ["line 6, column 24: test_step_words: a text is needed here, not a list."],
    ),
    "what YAML takes for a truth value": (
        f"{ON_GITHUB}      production_environments: [prod, on]\n",
        ["line 6, column 39: production_environments: YAML takes “on” for yes or no; write it in quotes."],
    ),
    "nothing in a list": (
        f"{ON_GITHUB}      production_environments:\n        -\n",
        ["line 7, column 10: production_environments: YAML takes “” for nothing; write it in quotes."],
    ),
    "nothing where one is needed": (
        f"{ON_GITHUB}      repositories: []\n",
        ["line 6, column 21: repositories: at least one entry is needed."],
    ),
    "unknown role": (
        f"{ON_GITHUB}      repositories: [octo/app aplication]\n",
        ["line 6, column 22: repositories: “aplication” is no role. Known here: app, infra, training."],
    ),
    "key twice": (
        "version: 1\nteam: churn\nteam: fraud\nconnections: []\n",
        ["line 3, column 1: The key “team” stands on line 2 already."],
    ),
    "key that is a list": ("? [a]\n: b\n", ["line 1, column 3: A key is a single word."]),
    "no YAML": (
        "version: 1\nteam: [churn\nconnections: []\n",
        ["line 3, column 12: This is not readable as YAML: expected ',' or ']', but got ':'."],
    ),
    "tab": (
        "version: 1\n\tteam: churn\n",
        [
            "line 2, column 1: This is not readable as YAML: found character '\\t' that cannot start any token."
        ],
    ),
    "a repository beyond what was mapped": (
        f"{ON_GITHUB}      repositories: [octo/app app, octo/secret app]\n",
        [
            "line 6, column 21: repositories: “octo/secret app” is not part of what was mapped by hand (octo/app app, "
            "octo/training training). A file may narrow that, never widen it; who maps teams has to add it first."
        ],
    ),
    "a wider pattern": (
        f"{ON_MLFLOW}      experiments: ['*']\n",
        [
            "line 6, column 20: experiments: “*” is not part of what was mapped by hand (churn-*). A file may narrow that, "
            "never widen it; who maps teams has to add it first."
        ],
    ),
    "where nothing was mapped": (
        f"{ON_MLFLOW}      prompts: [churn-prompt]\n",
        [
            "line 6, column 16: prompts: “churn-prompt” is not part of what was mapped by hand (nothing). A file may narrow "
            "that, never widen it; who maps teams has to add it first."
        ],
    ),
    "two faults, both told": (
        f"{ON_GITHUB}      training_workflow: [a]\n      production_environments: x\n",
        [
            "line 6, column 7: GitHub has no option “training_workflow”. Did you mean training_workflows?",
            "line 7, column 32: production_environments is a list (- one entry a line), not a text.",
        ],
    ),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_each_fault_says_where_and_what_and_changes_nothing(name: str) -> None:
    text, wanted = FAULTS[name]
    found = judged(text)

    assert [str(fault) for fault in found.faults] == wanted
    assert found.answers == {}


HOSTILE: dict[str, tuple[bytes, str]] = {
    "aliases that grow to billions": (
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "line 1, column 4: An anchor (&) is not allowed; write it out.",
    ),
    "alias of nothing": (b"a: *x\n", "line 1, column 4: An alias (*) is not allowed; write it out."),
    "python object": (
        b"version: !!python/object/apply:os.system ['id']\n",
        "line 1, column 10: A tag (!) is not allowed; write the plain value.",
    ),
    "own tag": (b"version: !x 1\n", "line 1, column 10: A tag (!) is not allowed; write the plain value."),
    "tag of YAML itself": (
        b"version: !!int '1'\n",
        "line 1, column 10: A tag (!) is not allowed; write the plain value.",
    ),
    "second document": (
        b"version: 1\n---\nversion: 1\n",
        "line 3, column 1: The file holds a second document (---).",
    ),
    "deep": (b"[" * 50_000, f"line 1, column {DEEPEST + 1}: This lies more than {DEEPEST} levels deep."),
    "big": (
        b"a" * (MOST_BYTES + 1),
        "line 1, column 1: The file is larger than 64 KiB; a mapping is a few lines.",
    ),
    "many": (
        b"- a\n" * (MOST_VALUES + 1),
        f"line {MOST_VALUES}, column 3: The file holds more than 2,000 values; a mapping is a few lines.",
    ),
    "not UTF-8": (b"version: 1\nteam: \xff\n", "line 2, column 7: The file is not written in UTF-8."),
    "NUL": (b"version: 1\nteam: a\x00b\n", "line 2, column 8: This character may not stand in the file."),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_what_could_be_a_bomb_is_refused_before_anything_is_built(name: str) -> None:
    content, wanted = HOSTILE[name]

    assert [str(fault) for fault in judged(content).faults] == [wanted]


def test_entries_are_short_lines_of_visible_text() -> None:
    long = judged(f"{ON_GITHUB}      hotfix_marks: ['{'x' * 501}']\n")
    odd = judged(f'{ON_GITHUB}      hotfix_marks: ["a\\u202eb"]\n')
    many = judged(f"{ON_GITHUB}      hotfix_marks: [{', '.join(f'm{n}' for n in range(201))}]\n")

    assert [str(fault) for fault in (*long.faults, *odd.faults, *many.faults)] == [
        "line 6, column 22: hotfix_marks: one line of at most 500 letters is needed here.",
        "line 6, column 22: hotfix_marks: one line of at most 500 letters is needed here.",
        "line 6, column 21: hotfix_marks has 201 entries; 200 is the most.",
    ]


def test_of_many_faults_the_first_twenty_are_told() -> None:
    text = HEAD + "".join(f"  - name: N{number}\n" for number in range(25))

    assert len(judged(text).faults) == 20


def test_two_connections_of_a_kind_have_to_be_named() -> None:
    other = Target(3, "Old GitHub", GithubConnector, {"repositories": ["octo/old"]})
    found = judged(f"{HEAD}  - kind: github\n", (*TARGETS, other))

    assert [str(fault) for fault in found.faults] == [
        "line 4, column 5: The team has several connections of the kind github; name one: GitHub, Old GitHub."
    ]


def test_a_connection_that_follows_another_file_is_not_taken_from_it() -> None:
    taken = Target(1, "GitHub", GithubConnector, GITHUB.granted, taken_by="octo/training")
    found = judged(f"{ON_GITHUB}      hotfix_marks: [fix]\n", (taken,))

    assert [str(fault) for fault in found.faults] == [
        "line 4, column 5: GitHub follows the file in octo/training already."
    ]


LIST = Option("things", "Things", "", kind=OptionKind.LIST)
ROLES = Option("places", "Places", "", kind=OptionKind.ROLES)
TEXT = Option("selector", "Selector", "")


@pytest.mark.parametrize(
    ("option", "answer", "granted", "outside"),
    [
        (LIST, ["a"], ["a", "b"], None),
        (LIST, [], ["a"], ""),
        (LIST, [], [], None),
        (LIST, ["a"], [], "a"),
        (LIST, ["a"], None, "a"),
        (LIST, ["a", "c"], "a\nb", "c"),
        (LIST, ["churn-x"], ["churn-*"], None),
        (LIST, ["churn-x*"], ["churn-*"], None),
        (LIST, ["churn*"], ["churn-*"], "churn*"),
        (LIST, ["churn-?"], ["churn-*"], None),
        (LIST, ["churn-*"], ["churn-?"], "churn-*"),
        (LIST, ["churn-??"], ["churn-?"], "churn-??"),
        (LIST, ["Churn"], ["churn"], "Churn"),
        (LIST, ["ab"], ["[ab]*"], "ab"),
        (LIST, ["[ab]x"], ["[ab]*"], None),
        (ROLES, ["octo/app infra"], ["octo/app app,training"], None),
        (ROLES, ["octo/app2 app"], ["octo/app app"], "octo/app2 app"),
        (TEXT, '{team="a"}', '{team="a"}', None),
        (TEXT, '{team=~".*"}', '{team="a"}', '{team=~".*"}'),
        (TEXT, "", '{team="a"}', ""),
    ],
)
def test_a_file_narrows_and_never_widens(
    option: Option, answer: Any, granted: Any, outside: str | None
) -> None:
    assert beyond(option, answer, granted) == outside


def test_what_lies_inside_of_a_mapping_is_free() -> None:
    inner = Option("workflows", "Workflows", "", kind=OptionKind.LIST, is_inner=True)

    assert beyond(inner, ["anything"], []) is None


def test_which_options_are_free_is_a_decision_for_each() -> None:
    """Another option is bound until somebody says that it cannot reach beyond what is mapped."""
    bound = {
        kind.kind: [option.name for option in kind.source_options if not option.is_inner]
        for kind in (load(kind, settings.PORTAL_CONNECTORS) for kind in settings.PORTAL_CONNECTORS)
    }

    assert bound == {
        "azure_devops": ["repositories"],
        "github": ["repositories"],
        "gitlab": ["repositories"],
        # Who is no person is nothing that a team says of itself.
        "jenkins": ["ci_jobs", "training_jobs", "production_jobs", "preproduction_jobs", "machine_users"],
        "mlflow": ["experiments", "models", "prompts"],
        # An expression, and the labels of rules, reach whatever the server knows.
        "prometheus": ["services", "models", "rules", "availability"],
    }
