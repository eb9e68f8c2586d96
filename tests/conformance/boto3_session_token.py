"""Lists the streams at the endpoint given as argument with boto3 in its two ways, signed header and presigned URL, and prints their names as JSON."""

import json
import sys
import urllib.request

import boto3

client = boto3.client("kinesisvideo", endpoint_url=sys.argv[1])
url = client.generate_presigned_url("list_streams")
request = urllib.request.Request(url, method="POST", headers={"content-type": "application/json"})
with urllib.request.urlopen(request) as response:
    presigned = json.load(response)


def names(streams):
    return [stream["StreamName"] for stream in streams["StreamInfoList"]]


json.dump(
    {
        "token": boto3.Session().get_credentials().token,
        "inUrl": "X-Amz-Security-Token=" in url,
        "signed": names(client.list_streams()),
        "presigned": names(presigned),
    },
    sys.stdout,
)
