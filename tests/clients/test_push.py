"""`mlops-portal-push` as a process against the real portal, over lines that fail in every way they can."""

from __future__ import annotations

import json
import re
import socket
from datetime import date, timedelta

import pytest
from django.utils import timezone

from assessments.models import Measurement, Score, TeamScore
from teams.models import ApiToken
from tests.clients.conftest import GITHUB, service_token
from tests.clients.flaky import CUT, DROP, HTML, LOSE, THROUGH
from tests.factories import make_lead, make_team, make_unit
from tests.insights.conftest import publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
RUNS = "ci.runs_30d=42"
RUN_ID = "github/github.example.org/nordhafen/forecast/4711/train"


def stored():
    return list(Measurement.objects.order_by("pk").values_list("signal", "value", "external_id"))


class TestPush:
    def test_a_value_with_all_that_the_ci_knows(self, run, portal):
        before = timezone.now() - timedelta(seconds=2)

        ended = run("push", RUNS, "--sample", "42", "--bound", "lower")

        assert (ended.code, ended.out, ended.err) == (0, "1 stored, 0 known already, 0 not taken.\n", "")
        row = Measurement.objects.get()
        assert (row.team, row.signal, row.value, row.sample, row.bound, row.source) == (
            portal.team,
            "ci.runs_30d",
            42.0,
            42,
            "lower",
            "service:jenkins",
        )
        assert (row.external_id, row.url) == (
            RUN_ID,
            "https://github.example.org/nordhafen/forecast/actions/runs/4711",
        )
        assert before <= row.observed_at <= timezone.now()

    def test_again_it_is_known_whatever_the_attempt(self, run):
        first = run("push", RUNS)
        again = run("push", RUNS, env={"GITHUB_RUN_ATTEMPT": "2"})
        other = run("push", RUNS, env={"GITHUB_RUN_ID": "4712"})

        assert [first.code, again.code, other.code] == [0, 0, 0]
        assert again.out == "0 stored, 1 known already, 0 not taken.\n"
        assert len(stored()) == 2

    def test_another_value_of_the_same_run_is_refused_and_the_first_stands(self, run):
        run("push", RUNS)

        ended = run("push", "ci.runs_30d=43")

        assert (ended.code, ended.out) == (3, "0 stored, 0 known already, 1 not taken.\n")
        assert ended.err == (
            "conflict: ci.runs_30d of forecasting: This external_id was sent before with other content. "
            "(external_id_used)\n"
        )
        assert stored() == [("ci.runs_30d", 42.0, RUN_ID)]

    @pytest.mark.parametrize(
        ("word", "value"),
        [
            ("ci.success_rate_30d=93%", 0.93),
            ("ci.success_rate_30d=0.93", 0.93),
            ("deploy.lead_time_p50_h=90min", 1.5),
            ("deploy.lead_time_p50_h=2d", 48.0),
            ("deploy.lead_time_p50_h=1.5h", 1.5),
            ("deploy.lead_time_p50_h=1800s", 0.5),
            ("repo.connected=true", 1.0),
            ("repo.connected=FALSE", 0.0),
            ("ci.runs_30d=1e3", 1000.0),
        ],
    )
    def test_values_in_the_units_that_people_use(self, run, word, value):
        assert run("push", word).code == 0
        assert [one[1] for one in stored()] == [value]

    def test_what_could_not_be_measured_is_unknown(self, run):
        assert run("push", "ci.runs_30d=unknown:unreachable").code == 0
        row = Measurement.objects.get()
        assert (row.state, row.reason, row.value) == ("unknown", "unreachable", None)

    def test_a_wrong_item_holds_up_no_other(self, run):
        ended = run("push", RUNS, "ci.success_rate_30d=930", "no.such_signal=1")

        assert (ended.code, ended.out) == (3, "1 stored, 0 known already, 2 not taken.\n")
        assert ended.err.splitlines() == [
            "rejected: ci.success_rate_30d of forecasting: ci.success_rate_30d is a share from 0 to 1, not 930. "
            "(out_of_range)",
            "rejected: no.such_signal of forecasting: There is no signal 'no.such_signal'. GET /api/v1/signals/ lists "
            "them. (unknown_signal)",
        ]

    def test_a_rehearsal_stores_nothing(self, run):
        ended = run("push", RUNS, "--dry-run")

        assert (ended.code, ended.out) == (0, "1 would be stored, 0 known already, 0 not taken.\n")
        assert stored() == []

    def test_measurements_from_the_environment(self, run):
        ended = run("push", env={"MLOPS_PORTAL_MEASUREMENTS": "\n ci.runs_30d=1\n  repo.connected=true "})

        assert (ended.code, len(stored())) == (0, 2)

    def test_a_file(self, run, tmp_path):
        file = tmp_path / "measurements.json"
        items = [
            {"signal": "ci.runs_30d", "value": 1},
            {"signal": "ci.runs_30d", "value": 2, "observed_at": "2026-11-01T00:00:00Z"},
            {
                "signal": "repo.connected",
                "value": True,
                "external_id": "mine",
                "url": "https://example.org/x",
            },
        ]
        file.write_text(json.dumps(items), encoding="utf-8")

        ended = run("push", "--file", str(file))
        again = run("push", "--file", "-", stdin=json.dumps({"items": items}))

        assert (ended.code, ended.out) == (0, "3 stored, 0 known already, 0 not taken.\n")
        assert again.out == "0 stored, 3 known already, 0 not taken.\n"
        # The order in the file tells two of one signal apart.
        assert stored() == [
            ("ci.runs_30d", 1.0, RUN_ID),
            ("ci.runs_30d", 2.0, f"{RUN_ID}#2"),
            ("repo.connected", 1.0, "mine"),
        ]

    def test_more_than_the_portal_takes_at_once(self, run, line):
        items = [{"signal": "ci.runs_30d", "value": number} for number in range(501)]

        ended = run("push", "--file", "-", stdin=json.dumps(items), env={"MLOPS_PORTAL_URL": line.url})

        assert (ended.code, ended.out) == (0, "501 stored, 0 known already, 0 not taken.\n")
        assert [len(json.loads(body)["items"]) for body in line.forwarded] == [500, 1]


class TestBrokenLines:
    def push(self, run, line, *words):
        return run("push", RUNS, *words, env={"MLOPS_PORTAL_URL": line.url})

    @pytest.mark.parametrize(
        ("faults", "reached"),
        [
            ([DROP], 1),
            ([503, 502, 504, 429], 1),
            # The portal stored it, and the command never heard.
            ([LOSE], 2),
            ([CUT], 2),
            ([HTML, LOSE, 503, CUT], 3),
        ],
        ids=str,
    )
    def test_tried_again_and_stored_once(self, run, line, faults, reached):
        line.faults, line.headers = list(faults), {"Retry-After": "0"}

        ended = self.push(run, line)

        assert (ended.code, line.happened, len(line.forwarded)) == (0, [*faults, THROUGH], reached)
        assert stored() == [("ci.runs_30d", 42.0, RUN_ID)]
        known = "0 stored, 1 known already" if reached > 1 else "1 stored, 0 known already"
        assert ended.out == f"{known}, 0 not taken.\n"
        # The very same bytes each time: the time of the observation does not move.
        assert len(set(line.forwarded)) == 1
        assert ended.err.count("Trying again in") == len(faults)

    def test_it_waits_as_long_as_it_is_told(self, run, line):
        line.faults, line.headers = [429], {"Retry-After": "2"}

        ended = self.push(run, line)

        assert ended.code == 0
        assert line.pauses[0] >= 2
        assert ended.err == "The portal answered 429: The line is down. Trying again in 2 s.\n"

    def test_without_being_told_it_waits_longer_each_time(self, run, line):
        line.faults = [503, 503, 503]

        assert self.push(run, line).code == 0
        first, second, third = line.pauses
        # A second, two, four, each cut by up to a half; and starting a process costs none of it.
        assert 0.5 <= first < 1.5
        assert 1 <= second < 2.5
        assert 2 <= third < 4.5

    def test_longer_than_it_may_it_does_not_wait(self, run, line):
        line.faults, line.headers = [503], {"Retry-After": "120"}

        ended = self.push(run, line, "--wait", "5")

        assert (ended.code, line.happened, stored()) == (4, [503], [])
        assert ended.err == (
            "mlops-portal-push: The portal answered 503: The line is down. Tried once; the next try would be later than "
            "--wait allows.\n"
        )

    def test_a_portal_that_is_away(self, run):
        # A port where nobody listens.
        ended = run("push", RUNS, "--wait", "2", env={"MLOPS_PORTAL_URL": "http://127.0.0.1:1"})

        assert ended.code == 4
        assert re.search(r"The portal cannot be reached: .*Connection refused.* Tried \d times;", ended.err)

    def test_one_that_accepts_and_never_answers(self, run):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            ended = run("push", RUNS, "--timeout", "0.5", "--wait", "0.6", env={"MLOPS_PORTAL_URL": url})

        assert ended.code == 4

    def test_a_fault_of_the_portal_is_not_hammered(self, run, line):
        line.faults = [500]

        ended = self.push(run, line)

        assert (ended.code, line.happened) == (4, [500])

    def test_the_token_goes_to_no_other_host(self, run, line, portal):
        line.faults, line.headers = [302], {"Location": f"{portal.url}/api/v1/measurements/"}

        ended = self.push(run, line)

        assert (ended.code, line.happened, line.forwarded) == (3, [302], [])
        assert "The address leads on to " in ended.err

    def test_it_says_who_it_is(self, run, line, portal):
        self.push(run, line)

        assert line.asked[0]["Authorization"] == f"Bearer {portal.token}"
        assert line.asked[0]["User-Agent"] == "mlops-portal-push/1"


class TestRefusals:
    def test_a_revoked_token(self, run):
        ApiToken.objects.update(revoked_at=timezone.now())

        ended = run("push", RUNS)

        assert ended.code == 3
        assert ended.err.startswith("mlops-portal-push: The portal answered 401: ")

    def test_a_token_without_the_scope(self, run, portal):
        token = service_token(portal.team, scopes=("results:read",))

        assert run("push", RUNS, env={"MLOPS_PORTAL_TOKEN": token}).code == 3

    def test_another_team(self, run):
        make_team("Other")

        ended = run("push", RUNS, "--team", "other")

        assert ended.code == 3
        assert ended.err == (
            "rejected: ci.runs_30d of other: There is no team 'other' that you may push for. (unknown_team)\n"
        )

    @pytest.mark.parametrize(
        ("words", "env", "said"),
        [
            (["push"], {}, "There is nothing to send."),
            (["push", "ci.runs_30d"], {}, "'ci.runs_30d' is not SIGNAL=VALUE"),
            (["push", "ci.runs_30d=many"], {}, "'many' is no value."),
            (["push", "ci.runs_30d=nan"], {}, "'nan' is no value."),
            (["push", "ci.runs_30d=1e999999"], {}, "is no value."),
            (["push", RUNS, RUNS], {}, "ci.runs_30d is given twice."),
            (["push", RUNS, "--file", "x.json"], {}, "not both."),
            (["push", "--file", "/no/such/file"], {}, "cannot be read: No such file or directory."),
            (["push", RUNS], {"MLOPS_PORTAL_TEAM": None}, "For which team?"),
            (["push", RUNS], {"MLOPS_PORTAL_TOKEN": None}, "Who sends?"),
            (["push", RUNS], {"MLOPS_PORTAL_TOKEN": "a\nb"}, "holds characters that no token has"),
            (["push", RUNS], {"MLOPS_PORTAL_URL": None}, "Where is the portal?"),
            (
                ["push", RUNS],
                {"MLOPS_PORTAL_URL": "ftp://portal.example.org"},
                "--url is the portal's address",
            ),
            (
                ["push", RUNS],
                {"MLOPS_PORTAL_URL": "https://me:pw@portal.example.org"},
                "--url is the portal's",
            ),
            (["push", RUNS], {"MLOPS_PORTAL_URL": "http://portal.example.org"}, "Over plain http"),
            (["push", RUNS], {"GITHUB_ACTIONS": None}, "Give --id"),
            (["push", RUNS, "--ca-file", "/no/such/ca"], {}, "--ca-file cannot be used"),
            (["push", RUNS, "--token-file", "/no/such/file"], {}, "--token-file cannot be read"),
            (["check"], {}, "the following arguments are required: --level"),
            (["check", "--level", "5"], {}, "invalid choice: 5"),
            (["check", "--level", "1", "--capability", "a", "--dimension", "b"], {}, "not allowed with"),
            ([], {}, "say push or check"),
            (["pull"], {}, "invalid choice: 'pull'"),
        ],
    )
    def test_used_wrongly(self, run, words, env, said):
        ended = run(*words, env=env)

        assert ended.code == 2
        assert said in ended.err
        assert "Traceback" not in ended.said
        assert stored() == []

    @pytest.mark.parametrize("words", [["--tokem"], ["--level"], ["push", "--team"]], ids=str)
    def test_a_token_in_the_wrong_place_is_not_printed(self, run, portal, words):
        assert run(*words, portal.token, "push", portal.token).code == 2

    def test_the_token_from_a_file(self, run, portal, tmp_path):
        file = tmp_path / "token"
        file.write_text(f"{portal.token}\n", encoding="utf-8")

        assert run("push", RUNS, "--token-file", str(file), env={"MLOPS_PORTAL_TOKEN": None}).code == 0

    def test_what_the_portal_says_gives_no_command_to_the_ci(self, run):
        """GitHub reads `::error::` and the like from the log of a step."""
        ended = run("push", RUNS, "--team", "::set-env name=X::y")

        assert ended.code == 3
        assert "::" not in ended.said


class TestOtherSystems:
    @pytest.mark.parametrize(
        ("environment", "external_id", "url"),
        [
            (
                {
                    "GITLAB_CI": "true",
                    "CI_SERVER_HOST": "gitlab.example.org",
                    "CI_PROJECT_PATH": "ml/forecast",
                    "CI_PIPELINE_ID": "31",
                    "CI_JOB_ID": "796",
                    "CI_JOB_NAME": "train",
                    "CI_JOB_URL": "https://gitlab.example.org/ml/forecast/-/jobs/796",
                },
                "gitlab/gitlab.example.org/ml/forecast/31/train",
                "https://gitlab.example.org/ml/forecast/-/jobs/796",
            ),
            (
                {
                    "JENKINS_URL": "https://ci.example.org/",
                    "JOB_NAME": "ml/forecast/main",
                    "BUILD_NUMBER": "17",
                    "STAGE_NAME": "Train",
                    "BUILD_URL": "https://ci.example.org/job/ml/17/",
                },
                "jenkins/ci.example.org/ml/forecast/main/17/Train",
                "https://ci.example.org/job/ml/17/",
            ),
            (
                {
                    "TF_BUILD": "True",
                    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/nordhafen/",
                    "SYSTEM_TEAMPROJECT": "ML Forecast",
                    "BUILD_BUILDID": "99",
                    "SYSTEM_JOBNAME": "Job",
                },
                "azure/dev.azure.com/nordhafen/ML Forecast/99/Job",
                "https://dev.azure.com/nordhafen/ML%20Forecast/_build/results?buildId=99",
            ),
        ],
        ids=["gitlab", "jenkins", "azure"],
    )
    def test_each_names_its_run(self, run, environment, external_id, url):
        only = {**dict.fromkeys(GITHUB), **environment}

        assert run("push", RUNS, env=only).code == 0
        row = Measurement.objects.get()
        assert (row.external_id, row.url) == (external_id, url)

    def test_anywhere_else_with_an_id_of_ones_own(self, run):
        nowhere = dict.fromkeys(GITHUB)
        long = "nightly " + "x" * 300

        assert (
            run("push", RUNS, "--id", "nightly-1", "--link", "https://example.org/1", env=nowhere).code == 0
        )
        assert run("push", RUNS, "--id", long, env=nowhere).code == 0
        assert run("push", RUNS, "--id", long + "y", env=nowhere).code == 0
        names = [one[2] for one in stored()]
        assert names[0] == "nightly-1"
        assert [len(name) for name in names[1:]] == [191, 191]
        assert len(set(names)) == 3


class TestCheck:
    @pytest.fixture
    def team(self, portal):
        # Level 1 of training claimed in full, level 2 too, level 3 and 4 open; no evidence.
        publish(portal.team, "training", 1, 2, at=timezone.now())
        return portal.team

    def check(self, run, *words):
        ended = run("check", *words)
        return ended.code, ended.out.strip()

    def test_of_a_capability(self, run, team):
        stands = "forecasting, training: level 2, verified 0, up to 4."

        assert self.check(run, "--level", "2", "--capability", "training") == (
            0,
            f"{stands} Level 2 is reached. It is provisional.",
        )
        assert self.check(run, "--level", "3", "--capability", "training") == (
            5,
            f"{stands} Level 3 is not reached and not ruled out: something is still unknown.",
        )
        assert self.check(run, "--level", "2", "--capability", "training", "--number", "verified") == (
            1,
            f"{stands} Level 2 is claimed, not verified.",
        )
        assert self.check(run, "--level", "2", "--capability", "training", "--no-provisional") == (
            5,
            f"{stands} Level 2 is reached provisionally only: too little is known.",
        )

    def test_below_whatever_is_still_open(self, run, team):
        Score.objects.filter(capability__slug="training").update(potential=2)

        assert self.check(run, "--level", "3", "--capability", "training") == (
            1,
            "forecasting, training: level 2, verified 0, up to 2. That is below 3, whatever is still open.",
        )

    def test_past_their_date_numbers_are_not_known(self, run, team):
        """A "no" may have lapsed as well as a "yes", so neither reached nor below is said of them."""
        Score.objects.update(valid_until=date(2020, 1, 1), potential=2)
        TeamScore.objects.update(valid_until=date(2020, 2, 29))
        lapsed = "what it rests on has lapsed, and the portal has not counted anew."
        stands = "forecasting, training: level 2, verified 0, up to 2."

        for level in ("2", "3"):
            assert self.check(run, "--level", level, "--capability", "training") == (
                5,
                f"{stands} That is out of date since 2 Jan 2020: {lapsed}",
            )
        code, said = self.check(run, "--level", "0")
        assert (code, said.partition(" That ")[2]) == (5, f"is out of date since 1 Mar 2020: {lapsed}")
        # A dimension stands for as long as its team does.
        code, said = self.check(run, "--level", "0", "--dimension", "creation")
        assert (code, said.partition(" That ")[2]) == (5, f"is out of date since 1 Mar 2020: {lapsed}")

    def test_numbers_stand_on_their_last_day_and_without_a_date(self, run, team):
        for until in (timezone.now().date(), None):
            Score.objects.update(valid_until=until)
            assert self.check(run, "--level", "2", "--capability", "training")[0] == 0

    def test_unknown_is_not_below(self, run, team):
        wanted = "forecasting, tracking: nothing is known yet. That is not a level 0."

        assert self.check(run, "--level", "0", "--capability", "tracking") == (5, wanted)
        assert self.check(run, "--level", "3", "--capability", "tracking", "--unknown-ok") == (
            0,
            f"{wanted}\nNot known is let through (--unknown-ok).",
        )

    def test_of_the_team_as_a_whole(self, run, team):
        assert self.check(run, "--level", "0") == (
            0,
            "forecasting: level 0, verified 0, up to 4. Level 0 is reached. It is provisional.",
        )
        assert self.check(run, "--level", "1")[0] == 5

    def test_of_a_dimension(self, run, team):
        code, said = self.check(run, "--level", "1", "--dimension", "creation")

        assert (code, said.split(":")[0]) == (5, "forecasting, creation")
        assert run("check", "--level", "1", "--dimension", "nothing").code == 2

    def test_of_a_team_that_was_never_assessed(self, run, portal):
        assert self.check(run, "--level", "1") == (
            5,
            "forecasting: nothing is known yet. That is not a level 0.",
        )

    def test_of_a_team_that_is_not_theirs(self, run, team):
        other = make_team("Other", unit=make_unit())
        make_lead(other)
        publish(other, "training", 1, at=timezone.now())

        ended = run("check", "--level", "1", "--team", "other")

        assert (ended.code, ended.out) == (3, "")
        assert ended.err == run("check", "--level", "1", "--team", "other").err
        assert "404" in ended.err

    def test_of_a_capability_that_does_not_exist(self, run, team):
        ended = run("check", "--level", "1", "--capability", "trainign")

        assert ended.code == 3
        assert "/capability: There is no capability 'trainign'" in ended.err

    def test_over_a_broken_line(self, run, line, team):
        line.faults, line.headers = [503, CUT], {"Retry-After": "0"}

        ended = run("check", "--level", "2", "--capability", "training", env={"MLOPS_PORTAL_URL": line.url})

        assert (ended.code, line.happened) == (0, [503, CUT, THROUGH, THROUGH])
