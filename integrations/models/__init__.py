from integrations.models.collection import Collection, SourceFact
from integrations.models.connection import AllowedHost, Connection
from integrations.models.source import Source

__all__ = ["AllowedHost", "Collection", "Connection", "Source", "SourceFact"]
