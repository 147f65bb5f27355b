from __future__ import annotations

from django.db import models
from treebeard.mp_tree import MP_Node


class Unit(MP_Node):  # type: ignore[misc]
    """State: a node of the organisation's tree. The root is the organisation; grants on it hold everywhere."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)

    node_order_by = ["name"]

    def __str__(self) -> str:
        return self.name
