#!/usr/bin/env python3
# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Draws one picture on a Hanga server over gRPC, with nothing but the stubs made from its protos.

  python generate.py "a lighthouse at dusk" --model demo --output lighthouse.png

README.md beside this file says how to make the stubs.
"""
import argparse
import hashlib
import os
import sys
import uuid

import grpc

from hanga.v1 import generation_service_pb2 as api
from hanga.v1 import generation_service_pb2_grpc as stubs
from hanga.v1 import job_pb2

FINAL = {job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED,
         job_pb2.JOB_STATE_EXPIRED}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("prompt")
    parser.add_argument("--address", default=os.environ.get("HANGA_ADDRESS", "127.0.0.1:9876"))
    parser.add_argument("--token-file", default=os.environ.get("HANGA_TOKEN_FILE"))
    parser.add_argument("--model", default="demo")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--size", help="WIDTHxHEIGHT in pixels")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--output", default="picture.png")
    return parser.parse_args()


def make_request(arguments):
    """Fields that are left unset take the model's defaults."""
    spec = job_pb2.GenerationSpec(model="models/" + arguments.model, prompt=arguments.prompt)
    if arguments.steps is not None:
        spec.steps = arguments.steps
    if arguments.seed is not None:
        spec.seed = arguments.seed
    if arguments.size:
        spec.width, spec.height = (int(side) for side in arguments.size.split("x"))
    # With a request_id the call can be repeated after a failure without drawing twice.
    submit = api.SubmitJobRequest(spec=spec, request_id=str(uuid.uuid4()))
    return api.GenerateRequest(submit=submit, cancel_on_disconnect=True)


def draw(stub, request, metadata):
    """Returns the job in its final state, and the picture's bytes."""
    job, artifact, picture = None, None, bytearray()
    for response in stub.Generate(request, metadata=metadata):
        event = response.WhichOneof("event")
        if event == "job":
            job = response.job
            show(job)
        elif event == "artifact":
            if response.artifact.HasField("artifact"):
                artifact = response.artifact.artifact
            picture += response.artifact.data
    if job is None or job.state not in FINAL:
        raise RuntimeError("the stream ended before the job did")
    if artifact and hashlib.sha256(picture).hexdigest() != artifact.sha256:
        raise RuntimeError("the picture's bytes are not those that the server announced")
    return job, bytes(picture)


def show(job):
    state = job_pb2.JobState.Name(job.state).removeprefix("JOB_STATE_").lower()
    steps = ", ".join(f"{task.step}/{task.steps}" for task in job.tasks)
    print(f"{job.name} {state} {steps}", file=sys.stderr)


def main():
    arguments = parse_arguments()
    metadata = []
    if arguments.token_file:
        with open(arguments.token_file) as file:
            metadata.append(("authorization", "Bearer " + file.readline().strip()))
    with grpc.insecure_channel(arguments.address) as channel:
        stub = stubs.GenerationServiceStub(channel)
        try:
            job, picture = draw(stub, make_request(arguments), metadata)
        except grpc.RpcError as error:
            # INVALID_ARGUMENT names the field, its value and the limit.
            sys.exit(f"{error.code().name}: {error.details()}")
    if job.state != job_pb2.JOB_STATE_SUCCEEDED:
        sys.exit(f"{job.name} ended as {job_pb2.JobState.Name(job.state)}: {job.error.message}")
    with open(arguments.output, "xb") as file:
        file.write(picture)
    print(arguments.output)


if __name__ == "__main__":
    main()
