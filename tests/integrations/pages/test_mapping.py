"""The mapping of a team on its pages: the file to copy, the file that was read, and the way to take over."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.conf import settings as portal_settings
from django.urls import reverse
from django.utils import timezone

from integrations.mapping.judging import judge_file
from integrations.models import Connection, Source
from integrations.queries.mapping import sources_of, targets_of
from tests.factories import AT
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.pages.conftest import text_of

HAND = {"project": "churn", "workflows": ["old.yml"], "repositories": ["octo/app app"], "branch": "main"}
HEAD = "version: 1\nteam: churn\nconnections:\n  - name: Git\n    options:\n"

REAL = dict(portal_settings.PORTAL_CONNECTORS)


@pytest.fixture
def world(fake, world):
    Connection.objects.update(base_url=fake.origin)
    Source.objects.update(options=HAND)
    fake.pages["/projects/churn"] = {"observations": {"repo.connected": True}}
    fake.pages["/files/octo/app"] = {}
    return world


def follow(fake, world, text, hours=0):
    fake.pages["/files/octo/app"] = {
        "content": text,
        "sha": "a1b2c3d4e5",
        "committed_at": "2026-11-19T08:00:00+00:00",
    }
    collect(world.connection, at=AT + timedelta(hours=hours))


def page_of(world):
    return reverse("integrations:mapping-detail", args=[world.team.slug])


def edit_of(world):
    return reverse("integrations:source-edit", args=[world.connection.pk, world.source.pk])


def test_member_copies_a_file_that_says_what_is_mapped(world, as_):
    answer = as_("member").get(page_of(world))
    (shown,) = re.findall(r"<textarea[^>]*>\n?(.*?)</textarea>", answer.content.decode(), re.DOTALL)
    text = html.unescape(shown)

    judged = judge_file(text.encode(), "churn", targets_of(sources_of(world.team)))
    assert (judged.faults, judged.answers) == ([], {world.source.pk: HAND})
    page = text_of(answer)
    assert "Mapped by hand. The same may stand in a repository of the team, as .mlops-portal.yaml." in page
    assert "Put it at the root of one mapped repository" in page
    assert "Edit" not in page


def test_a_team_without_a_mapping_is_told_who_makes_one(world, as_):
    answer = as_("platform").get(reverse("integrations:mapping-detail", args=[world.other.slug]))

    assert "Nothing is mapped A platform engineer maps a part of a connection to the team" in text_of(answer)
    assert b"<textarea" not in answer.content


def test_a_team_without_a_code_host_is_told_where_a_file_is_read_from(world, as_, settings):
    """Jenkins has no repository of its own."""
    settings.PORTAL_CONNECTORS = REAL
    Connection.objects.filter(pk=world.connection.pk).update(kind="jenkins")
    Source.objects.update(options={"ci_jobs": ["models/churn/test"]})

    page = text_of(as_("member").get(page_of(world)))

    assert "Mapping of Churn Mapped by hand. What is mapped" in page
    assert (
        "There is no place for it yet: such a file is read from Azure DevOps, GitHub, GitLab, and none of these is mapped to "
        "the team."
    ) in page


def test_what_the_file_sets_is_shown_with_its_place_commit_and_time_and_is_no_field(fake, world, as_):
    follow(fake, world, f"{HEAD}      workflows: [train.yml]\n")
    client = as_("platform")

    page, edit, connection = (
        text_of(client.get(address))
        for address in (
            page_of(world),
            edit_of(world),
            reverse("integrations:connection-detail", args=[world.connection.pk]),
        )
    )

    place = ".mlops-portal.yaml in octo/app at a1b2c3d , written 19 Nov 2026, 08:00 ; read 20 Nov 2026, 12:00 through Git."
    assert f"octo/app {place}" in page
    assert "Workflows : train.yml From repository" in page
    assert "Project : churn Workflows" in page
    assert f"From repository {place} Workflows : train.yml Take over by hand" in edit
    assert "churn From repository Mapping of Churn" in connection
    content = client.get(edit_of(world)).content.decode()
    assert ('name="option-workflows"' in content, 'name="option-branch"' in content) == (False, True)


def test_saving_the_form_leaves_what_the_file_sets(fake, world, as_):
    follow(fake, world, f"{HEAD}      workflows: [train.yml]\n")
    version = Source.objects.get().row_version
    data = {
        "row_version": version,
        "option-project": "churn",
        "option-branch": "release",
        "option-repositories": "octo/app app",
        "option-workflows": "forged.yml",
    }

    as_("platform").post(edit_of(world), data)

    source = Source.objects.get()
    assert (source.options["branch"], source.options["workflows"]) == ("release", ["train.yml"])
    assert source.own_options["workflows"] == ["old.yml"]


def test_broken_file_is_told_with_line_and_column(fake, world, as_):
    follow(fake, world, f"{HEAD}      workflow: [<b>x]\n")

    page = text_of(as_("member").get(page_of(world)))

    assert "The file in octo/app has a fault and changes nothing." in page
    assert "Nothing of it counts until this is put right; what was mapped before stands." in page
    assert "Line 6, column 7 Fake Git has no option “workflow”. Did you mean workflows?" in page
    assert "Its file is broken" in text_of(
        as_("lead").get(reverse("integrations:connection-detail", args=[world.connection.pk]))
    )


def test_taking_over_and_letting_the_file_again_by_plain_forms(fake, world, as_):
    follow(fake, world, f"{HEAD}      workflows: [train.yml]\n")
    client = as_("platform")
    args = [world.connection.pk, world.source.pk]

    taken = client.post(reverse("integrations:source-take-over", args=args), follow=True)
    content = taken.content.decode()
    assert "Mapped by hand from now on, with the answers that stand." in text_of(taken)
    assert 'name="option-workflows"' in content
    assert "train.yml" in content
    assert "By hand Somebody took this mapping over" in text_of(taken)

    let = client.post(reverse("integrations:source-follow-file", args=args), follow=True)
    assert "A file in the team's repository may set options here again" in text_of(let)
    follow(fake, world, f"{HEAD}      workflows: [other.yml]\n", hours=2)
    assert Source.objects.get().options["workflows"] == ["other.yml"]


def test_file_that_is_gone_is_told(fake, world, as_):
    follow(fake, world, f"{HEAD}      workflows: [train.yml]\n")
    fake.pages["/files/octo/app"] = {}
    collect(world.connection, at=AT + timedelta(hours=1))

    page = text_of(as_("member").get(page_of(world)))

    assert (
        "The file is gone since 20 Nov 2026, 13:00 . What it said stands and can be changed by hand." in page
    )


def test_nothing_of_connections_that_feed_others_is_told(world, as_):
    secret = make_connection(name="Elsewhere", at=timezone.now())
    make_source(secret, world.other, options={"project": "fraud"})

    page = text_of(as_("lead").get(page_of(world)))

    assert ("Elsewhere" in page, "fraud" in page) == (False, False)


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow(rows, world, as_, django_assert_num_queries):
    for number in range(1, rows):
        make_source(make_connection(name=f"More {number}"), world.team)
    client = as_("lead")

    # Session, person, rights; the team, its sources, files.
    with django_assert_num_queries(6):
        client.get(page_of(world))
