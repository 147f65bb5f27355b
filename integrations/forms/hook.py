"""The form for a signing token that the other side made itself."""

from __future__ import annotations

from django import forms

from integrations.forms.fields import SecretField


class SigningTokenForm(forms.Form):
    """The token is checked by the service, stored sealed and never shown."""

    signing_token = SecretField(
        label="Signing token", help_text="It begins with whsec_ and is shown once, when it is made."
    )
