"""Walks the stream operations with boto3 against the endpoint given as argument and prints what came back as JSON."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

client = boto3.client("kinesisvideo", endpoint_url=sys.argv[1])


def refusal(call, **arguments):
    """The error code and HTTP status with which a call is refused."""
    try:
        call(**arguments)
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
    return None


def body(response):
    """A response without its transport."""
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


created = client.create_stream(StreamName="boto", MediaType="video/h264", DataRetentionInHours=24, Tags={"a": "1"})
info = client.describe_stream(StreamName="boto")["StreamInfo"]
for number in range(5):
    client.create_stream(StreamName=f"page-{number}")

result = {
    "created": body(created),
    "info": {**info, "CreationTime": round(info["CreationTime"].timestamp() * 1000)},
    "updated": body(
        client.update_data_retention(
            StreamName="boto",
            CurrentVersion=info["Version"],
            Operation="INCREASE_DATA_RETENTION",
            DataRetentionChangeInHours=1,
        )
    ),
    "stale": refusal(client.update_stream, StreamName="boto", CurrentVersion=info["Version"], DeviceName="d"),
    "retention": client.describe_stream(StreamARN=info["StreamARN"])["StreamInfo"]["DataRetentionInHours"],
    "tagged": body(client.tag_stream(StreamName="boto", Tags={"b": "2"})),
    "tags": client.list_tags_for_stream(StreamName="boto")["Tags"],
    "pages": [
        [stream["StreamName"] for stream in page["StreamInfoList"]]
        for page in client.get_paginator("list_streams").paginate(
            StreamNameCondition={"ComparisonOperator": "BEGINS_WITH", "ComparisonValue": "page-"},
            PaginationConfig={"PageSize": 2},
        )
    ],
    "endpoint": client.get_data_endpoint(StreamName="boto", APIName="GET_MEDIA")["DataEndpoint"],
    "exists": refusal(client.create_stream, StreamName="boto"),
    "invalid": refusal(client.create_stream, StreamName="no spaces"),
    "missing": refusal(client.describe_stream, StreamName="none"),
    "unimplemented": refusal(client.create_signaling_channel, ChannelName="door"),
    "deleted": body(client.delete_stream(StreamARN=info["StreamARN"])),
    "gone": refusal(client.describe_stream, StreamName="boto"),
}
json.dump(result, sys.stdout)
