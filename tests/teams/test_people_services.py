"""People and their single-use links."""

from __future__ import annotations

from datetime import timedelta

import pytest

from teams.models import Invitation, Role, Theme, User
from teams.services.grants import LastAdministrator
from teams.services.invitations import InvitationGone, accept_invitation, invited_person, renew_invitation
from teams.services.people import (
    NameTaken,
    create_person,
    deactivate_person,
    edit_profile,
    reactivate_person,
)
from teams.services.refusal import NotAllowed
from tests.factories import AT, events, make_admin, make_lead, make_manager, make_team, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough phrase"


def test_an_invited_person_has_a_role_no_password_and_a_link_kept_as_a_digest():
    team = make_team()
    person, token = create_person(
        username="sam", full_name="Sam", role=Role.MEMBER, team=team, by=make_lead(team), at=AT
    )
    invitation = Invitation.objects.get()
    assert person.has_usable_password() is False
    assert list(person.grants.values_list("role", "team")) == [(Role.MEMBER, team.pk)]
    assert token not in str(list(Invitation.objects.values()))
    assert token not in str(list(events().values()))
    assert invitation.expires_at == AT + timedelta(hours=72)


def test_who_may_not_give_the_role_invites_nobody():
    team = make_team()
    for role, place, by in ((Role.LEAD, team, make_lead(team)), (None, None, make_manager(team.unit))):
        with pytest.raises(NotAllowed):
            create_person(username="sam", full_name="Sam", role=role, team=place, by=by, at=AT)
    assert User.objects.filter(username="sam").exists() is False
    assert Invitation.objects.count() == 0


def test_a_taken_name_or_address_is_refused_in_words():
    make_user("sam", email="sam@example.org")
    for username, email in (("sam", ""), ("other", "sam@example.org")):
        with pytest.raises(NameTaken):
            create_person(full_name="Sam", username=username, email=email, by=None, at=AT)
    assert User.objects.count() == 1


def test_a_link_works_once():
    person, token = create_person(username="sam", full_name="Sam", by=None, at=AT)
    assert accept_invitation(token=token, password=PASSWORD, at=AT) == person
    person.refresh_from_db()
    assert person.check_password(PASSWORD) is True
    with pytest.raises(InvitationGone):
        accept_invitation(token=token, password="another long phrase", at=AT)
    person.refresh_from_db()
    assert person.check_password(PASSWORD) is True


def test_a_link_lapses_is_replaced_and_dies_with_the_account():
    admin = make_admin()
    person, old = create_person(username="sam", full_name="Sam", by=None, at=AT)
    with pytest.raises(InvitationGone):
        invited_person(old, at=AT + timedelta(hours=72))
    new = renew_invitation(user=person, by=admin, at=AT)
    with pytest.raises(InvitationGone):
        invited_person(old, at=AT)
    assert invited_person(new, at=AT) == person
    deactivate_person(user=person, by=admin, at=AT)
    for token in (new, "", "nonsense"):
        with pytest.raises(InvitationGone):
            invited_person(token, at=AT)


def test_only_administrators_renew_links_and_never_their_own():
    admin = make_admin()
    team = make_team()
    with pytest.raises(NotAllowed):
        renew_invitation(user=admin, by=make_lead(team), at=AT)
    with pytest.raises(NotAllowed):
        renew_invitation(user=admin, by=admin, at=AT)
    assert Invitation.objects.count() == 0


def test_deactivating_is_the_administrators_and_leaves_one_of_them():
    admin, other = make_admin(), make_admin()
    lead = make_lead(make_team())
    with pytest.raises(NotAllowed):
        deactivate_person(user=other, by=lead, at=AT)
    with pytest.raises(NotAllowed):
        deactivate_person(user=admin, by=admin, at=AT)
    deactivate_person(user=other, by=admin, at=AT)
    with pytest.raises(LastAdministrator):
        deactivate_person(user=admin, by=None, at=AT)
    reactivate_person(user=other, by=admin, at=AT)
    assert set(User.objects.filter(is_active=True)) == {admin, other, lead}
    actions = events().order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["person.deactivate", "person.activate"]


def test_a_profile_is_saved_with_its_event_and_not_twice():
    person = make_user("sam", full_name="Sam")
    for _ in range(2):
        edit_profile(user=person, full_name="Samira", theme=Theme.DARK, at=AT)
    person.refresh_from_db()
    assert (person.full_name, person.theme) == ("Samira", "dark")
    assert events().get().before == {"full_name": "Sam", "theme": "system"}
