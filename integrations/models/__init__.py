from integrations.models.collection import Collection, SourceFact
from integrations.models.connection import AllowedHost, Connection
from integrations.models.source import Source
from integrations.models.stream import SourceStream, StreamItem

__all__ = ["AllowedHost", "Collection", "Connection", "Source", "SourceFact", "SourceStream", "StreamItem"]
