from teams.models.event import Event
from teams.models.grant import Grant, Role
from teams.models.invitation import Invitation
from teams.models.team import Team
from teams.models.token import ApiToken
from teams.models.unit import Unit
from teams.models.user import Theme, User

__all__ = ["ApiToken", "Event", "Grant", "Invitation", "Role", "Team", "Theme", "Unit", "User"]
