"""Tokens: made, kept as a digest, used, revoked; never more than their maker may."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from teams.forms.tokens import SCOPE_WORDS, scope_choices
from teams.models import ApiToken
from teams.permissions import SCOPES
from teams.services.refusal import NotAllowed
from teams.services.tokens import WrongToken, create_token, mark_token_used, revoke_token, token_digest
from tests.factories import events, make_admin, make_lead, make_platform_engineer, make_team, make_user

pytestmark = pytest.mark.django_db


def _personal(owner, *scopes, **fields):
    return create_token(
        name="laptop", scopes=scopes or ["results:read"], owner=owner, by=owner, at=timezone.now(), **fields
    )


def test_a_token_is_shown_once_and_kept_as_a_digest():
    token, plain = _personal(make_user())
    assert re.fullmatch(r"mlp_[0-9a-f]{8}_[0-9a-f]{64}", plain)
    assert plain.split("_")[1] == token.prefix
    secret = plain.split("_")[2]
    assert secret not in str(list(ApiToken.objects.values()))
    assert secret not in str(list(events().values()))
    assert token.expires_at - token.created_at == timedelta(days=90)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"scopes": ["results:paint"]}, "There is no scope results:paint"),
        ({"scopes": []}, "Choose at least one"),
        ({"days": 366}, "1 to 365 days"),
        ({"source": "ci"}, "not both"),
        ({"owner": None}, "not both"),
        ({"owner": None, "source": "ci"}, "names the teams"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(fields, says):
    owner = make_user()
    wanted = {"name": "t", "scopes": ["org:read"], "owner": owner, "by": None, "at": timezone.now()} | fields
    with pytest.raises(WrongToken, match=says):
        create_token(**wanted)
    assert ApiToken.objects.count() == 0


def test_nobody_makes_a_personal_token_for_another():
    with pytest.raises(NotAllowed):
        create_token(name="t", scopes=["org:read"], owner=make_user(), by=make_admin(), at=timezone.now())


def _service(by, team, *scopes):
    return create_token(name="ci", scopes=scopes, source="ci", teams=[team], by=by, at=timezone.now())


def test_a_service_token_never_does_more_than_its_maker_may():
    team = make_team()
    _service(make_platform_engineer(), team, "measurements:write")
    _service(make_admin(), team, "measurements:write", "results:read")
    with pytest.raises(NotAllowed, match=r"could do more on .*results\.view"):
        _service(make_platform_engineer(), team, "results:read")
    with pytest.raises(NotAllowed, match=r"answer\.edit"):
        _service(make_admin(), team, "assessments:write")
    with pytest.raises(NotAllowed, match=r"token\.create_service"):
        _service(make_lead(team), team, "measurements:write")
    assert ApiToken.objects.count() == 2


def test_who_revokes_a_token():
    owner = make_user()
    token, _ = _personal(owner)
    for by in (make_user(), make_platform_engineer()):
        with pytest.raises(NotAllowed):
            revoke_token(token=token, by=by, at=timezone.now())
    assert revoke_token(token=token, by=owner, at=timezone.now()).revoked_at is not None
    revoke_token(token=token, by=make_admin(), at=timezone.now())
    assert events().filter(action="token.revoke").count() == 1
    engineer = make_platform_engineer()
    service, _ = _service(engineer, make_team(), "measurements:write")
    assert revoke_token(token=service, by=engineer, at=timezone.now()).revoked_at is not None


def test_last_use_is_written_at_most_every_five_minutes():
    token, _ = _personal(make_user())
    start = timezone.now()
    for minutes, written in ((0, 0), (4, 0), (5, 5), (9, 5)):
        mark_token_used(token=token, at=start + timedelta(minutes=minutes))
        token.refresh_from_db()
        assert token.last_used_at == start + timedelta(minutes=written)


def test_the_command_prints_a_working_token_and_nothing_else(capsys):
    make_lead(make_team(), "lena")
    call_command("create_token", user="lena", scope=["results:read"])
    printed = capsys.readouterr().out
    assert re.fullmatch(r"mlp_[0-9a-f]{8}_[0-9a-f]{64}\n", printed)
    assert ApiToken.objects.get().digest == token_digest(printed.strip())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"user": "nobody", "scope": ["results:read"]}, "There is no person with the user name nobody."),
        ({"user": "lena", "scope": ["results:paint"]}, "There is no scope results:paint"),
    ],
)
def test_the_command_refuses_in_one_sentence(options, says):
    make_user("lena")
    with pytest.raises(CommandError, match=says):
        call_command("create_token", **options)
    assert ApiToken.objects.count() == 0


def test_every_scope_says_what_it_opens():
    assert sorted(SCOPE_WORDS) == sorted(SCOPES)
    assert dict(scope_choices())["measurements:write"] == "Send measurements (measurements:write)"
