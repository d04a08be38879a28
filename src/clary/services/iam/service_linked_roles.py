"""Service-linked roles: made for one AWS service, changed only through it."""

import json
from typing import Any

from clary.services._base.context import Context
from clary.services.iam.entities import ROLE, SERVICE_ROLE_PATH, account_records
from clary.services.iam.errors import invalid_input, no_such_entity
from clary.services.iam.models import described_role
from clary.services.iam.roles import delete_role
from clary.state.records import Record

DELETION_KIND = "role-deletion"

#: Names that do not follow from the service's.
_NAMES = {
    "autoscaling": "AutoScaling",
    "dynamodb.application-autoscaling": "ApplicationAutoScaling_DynamoDBTable",
    "elasticloadbalancing": "ElasticLoadBalancing",
    "elasticmapreduce": "EMRCleanup",
    "es": "AmazonElasticsearchService",
    "opensearchservice": "AmazonOpenSearchService",
    "sagemaker.application-autoscaling": "ApplicationAutoScaling_SageMakerEndpoint",
    "sagemaker": "AmazonSageMakerNotebooks",
    "spot": "EC2Spot",
}


class ServiceLinkedRoles:
    """Operations on service-linked roles."""

    async def create_service_linked_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: any service may have one, and no policy comes with it."""
        principal, suffix = req["AWSServiceName"], req.get("CustomSuffix")
        name = f"AWSServiceRoleFor{_service_title(principal)}" + (f"_{suffix}" if suffix else "")
        statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
        body = {
            "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            "MaxSessionDuration": 3600,
            "Description": req.get("Description"),
        }
        async with account_records(ctx).write() as records:
            if await records.get(ROLE.kind, name.lower()):
                text = f"Service role name {name} has been taken in this account, please try a different suffix."
                raise invalid_input(text)
            identity = {"RoleName": name, "Path": f"{SERVICE_ROLE_PATH}{principal}/"}
            return {"Role": described_role(await ROLE.insert(records, ctx, identity, body))}

    async def delete_service_linked_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: the role is gone at once, whether its service uses it or not."""
        async with account_records(ctx).write() as records:
            role = await ROLE.load(records, req["RoleName"])
            path, name = role.body["Path"], role.body["RoleName"]
            if not path.startswith(SERVICE_ROLE_PATH):
                raise invalid_input(f"The role {name} is not a service-linked role.")
            task = f"task{path}{name}/{ctx.request_id}"
            await delete_role(records, role)
            await records.insert(DELETION_KIND, Record(task, {}, "SUCCEEDED", ctx.now(), ctx.now()))
        return {"DeletionTaskId": task}

    async def get_service_linked_role_deletion_status(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A deletion that was asked for has always happened."""
        task = await account_records(ctx).get(DELETION_KIND, req["DeletionTaskId"])
        if task is None:
            raise no_such_entity(f"The deletion task {req['DeletionTaskId']} cannot be found.")
        return {"Status": task.status}


def _service_title(principal: str) -> str:
    service, dot, domain = principal.partition(".amazonaws.com")
    if not service or not dot or domain:
        raise invalid_input(f"Invalid service principal: {principal}")
    return _NAMES.get(service) or service.replace(".", "_").replace("-", "_").title().replace("_", "")
