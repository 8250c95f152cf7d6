"""One upload by tuspy: python upload.py <server> <token> <file> <metadata as JSON> <act>"""

import json
import sys

from tusclient.client import TusClient

server, token, file, metadata, act = sys.argv[1:]
client = TusClient(f"{server}/v1/uploads", headers={"Authorization": f"Bearer {token}"})


def uploader(**more):
    return client.uploader(file, metadata=json.loads(metadata), retries=5, retry_delay=0, **more)


if act == "whole":
    uploader().upload()
elif act == "checksum":
    uploader(chunk_size=40_000, upload_checksum=True).upload()
elif act == "resume":
    begun = uploader(chunk_size=40_000)
    begun.upload_chunk()
    uploader(chunk_size=40_000, url=begun.url).upload()
else:
    uploader(chunk_size=40_000).upload()
