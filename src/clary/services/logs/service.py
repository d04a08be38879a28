"""CloudWatch Logs as one service."""

from clary.services._base.context import Platform
from clary.services._base.service import Service
from clary.services.logs.events import LogEvents
from clary.services.logs.groups import LogGroups
from clary.services.logs.live_tail import LiveTailing, LiveTails
from clary.services.logs.retention import Retention
from clary.services.logs.schema import MIGRATIONS
from clary.services.logs.search import Searching
from clary.services.logs.streams import LogStreams
from clary.services.logs.tags import LogGroupTags
from clary.services.logs.trimming import Trimmer


class Logs(LogGroups, LogStreams, LogEvents, Searching, LiveTailing, Retention, LogGroupTags, Service):
    """Amazon CloudWatch Logs."""

    name = "logs"
    migrations = MIGRATIONS

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.trimmer = Trimmer(platform.database)
        self.live_tails = LiveTails()

    async def start(self) -> None:
        """Go on removing what the last run left."""
        self.trimmer.wake()

    async def stop(self) -> None:
        """Leave the rest to the next start."""
        await self.trimmer.stop()
