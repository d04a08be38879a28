"""Tags of buckets and objects."""

from typing import Any

from clary.services._base.context import Context
from clary.services.s3.catalog import find_named
from clary.services.s3.extras import load_extra, update_extra
from clary.services.s3.group import Group
from clary.services.s3.settings import TAGGING
from clary.services.s3.tags import BUCKET_TAGS, OBJECT_TAGS, read_tag_set, tag_set


class Tagging(Group):
    """The operations on tags."""

    async def put_bucket_tagging(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace a bucket's tags."""
        tags = read_tag_set(req["Tagging"]["TagSet"], BUCKET_TAGS)
        await TAGGING.put(self.database, ctx, req, tags)
        return {}

    async def get_bucket_tagging(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return a bucket's tags."""
        return {"TagSet": tag_set(await TAGGING.get(self.database, ctx, req))}

    async def delete_bucket_tagging(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete a bucket's tags."""
        await TAGGING.delete(self.database, ctx, req)
        return {}

    async def put_object_tagging(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace an object's tags."""
        return await self._replace_tags(ctx, req, "PUT", read_tag_set(req["Tagging"]["TagSet"], OBJECT_TAGS))

    async def delete_object_tagging(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete an object's tags."""
        return await self._replace_tags(ctx, req, "DELETE", {})

    async def get_object_tagging(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return an object's tags."""
        bucket, version = await find_named(self.database, ctx, req, "GET")
        result: dict[str, Any] = {"TagSet": tag_set(load_extra(version).get("tags", {}))}
        if bucket.versioned:
            result["VersionId"] = version.version
        return result

    async def _replace_tags(
        self, ctx: Context, req: dict[str, Any], method: str, tags: dict[str, str]
    ) -> dict[str, Any]:
        async with self.database.write() as tx:
            bucket, version = await find_named(tx, ctx, req, method)
            await update_extra(tx, bucket, version, "tags", tags)
        return {"VersionId": version.version} if bucket.versioned else {}
