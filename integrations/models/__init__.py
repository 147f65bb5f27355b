from integrations.models.budget import RequestBudget
from integrations.models.collection import Collection, SourceFact
from integrations.models.connection import AllowedHost, Connection
from integrations.models.inbound import InboundDelivery, InboundHook
from integrations.models.mapping import MappingFile
from integrations.models.source import Source
from integrations.models.stream import SourceStream, StreamItem
from integrations.models.tagged_answer import TaggedAnswer

__all__ = [
    "AllowedHost",
    "Collection",
    "Connection",
    "InboundDelivery",
    "InboundHook",
    "MappingFile",
    "RequestBudget",
    "Source",
    "SourceFact",
    "SourceStream",
    "StreamItem",
    "TaggedAnswer",
]
