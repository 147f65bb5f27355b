"""Who is a person. GitLab's rows name an account without saying whether it is a machine's."""

from __future__ import annotations

import re
from datetime import timedelta

from integrations.connectors.common.payload import Row, number, record, text
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.gitlab.recalling import Remembering
from integrations.connectors.memory import Item, Stream

# Names that GitLab gives to the accounts of access tokens and services, and its own machines.
_MACHINE = re.compile(
    r"(?:project|group)_[0-9]+_bot(?:_?[a-z0-9]*)?|service_account_.+|support-bot|alert-bot|security-bot"
    r"|gitlab-security-bot|.+\[bot\]"
)
# A team has some dozens of accounts; beyond these the name alone decides.
MAX_ASKED = 100
_STREAM = Stream("accounts", "", timedelta(days=365))


class Accounts:
    """Tells people from machines, each account asked for once."""

    def __init__(self, reader: Reader, remembering: Remembering) -> None:
        self._reader = reader
        self._remembering = remembering
        self._known: dict[int, bool] = {}
        self._left = MAX_ASKED

    def is_person(self, account: Row) -> bool:
        """True for a person's account. Machines show in their name, or else in what GitLab says of the account."""
        name, id_ = text(account, "username").lower(), number(account, "id")
        if not name or _MACHINE.fullmatch(name):
            return False
        if id_ not in self._known:
            self._known[id_] = self._ask(id_) if id_ else True
        return self._known[id_]

    def _ask(self, id_: int) -> bool:
        def ask() -> Item:
            if self._left <= 0:
                raise Unread("truncated", "More accounts than one collection asks for.")
            self._left -= 1
            answer = record(self._reader.get(f"users/{id_}").data)
            return Item(
                str(id_), self._remembering.until, is_final=True, data={"bot": answer.get("bot") is True}
            )

        try:
            return self._remembering.once(_STREAM, str(id_), ask).data.get("bot") is not True
        except Unread as gap:
            # Accounts are hidden from some tokens; then the name alone decides, and the next is not asked for.
            self._left = 0 if gap.status == 403 else self._left
            return True


def account_key(account: Row) -> str:
    """What tells an account from others without naming the person."""
    return str(number(account, "id")) if number(account, "id") else ""
