import assert from "node:assert/strict";
import { after } from "node:test";
import {
  CreateStreamCommand,
  type CreateStreamInput,
  DeleteStreamCommand,
  DescribeStreamCommand,
  KinesisVideoClient,
  type StreamInfo,
} from "@aws-sdk/client-kinesis-video";
import { type ServerOptions, TestServer } from "../../support/server.ts";

/** StreamInfo with the members that every stream has. */
export type DescribedStream = StreamInfo & {
  readonly StreamARN: string;
  readonly Version: string;
  readonly CreationTime: Date;
  readonly DataRetentionInHours: number;
};

/** A server of its own for one test file, stopped when its tests are done, and the official control plane client at it. */
export class ControlPlane {
  readonly server: TestServer;
  readonly client: KinesisVideoClient;

  private constructor(server: TestServer) {
    this.server = server;
    // One attempt: what a retry hides is what these tests look for.
    this.client = new KinesisVideoClient({ ...server.client, maxAttempts: 1 });
  }

  static async start(options: ServerOptions = {}): Promise<ControlPlane> {
    const plane = new ControlPlane(await TestServer.start(options));
    after(async () => {
      plane.client.destroy();
      await plane.server.stop();
    });
    return plane;
  }

  /** Creates a stream and describes it. */
  async create(StreamName: string, more: Partial<CreateStreamInput> = {}): Promise<DescribedStream> {
    await this.client.send(new CreateStreamCommand({ StreamName, ...more }));
    return this.describe(StreamName);
  }

  /** Deletes a stream. */
  async remove(StreamName: string): Promise<void> {
    const { StreamARN } = await this.describe(StreamName);
    await this.client.send(new DeleteStreamCommand({ StreamARN }));
  }

  async describe(StreamName: string): Promise<DescribedStream> {
    const { StreamInfo } = await this.client.send(new DescribeStreamCommand({ StreamName }));
    return StreamInfo as DescribedStream;
  }
}

/** What an SDK throws for a modelled error. */
interface SdkError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/** Holds that a call is refused with the error `name`, its HTTP status, a request id, and a message that matches. */
export async function refused(call: Promise<unknown>, name: string, status: number, message = /./): Promise<void> {
  await assert.rejects(call, (error: SdkError) => {
    assert.equal(error.name, name, error.message);
    assert.equal(error.$metadata.httpStatusCode, status);
    assert.match(error.$metadata.requestId ?? "", /^[0-9a-f-]{36}$/);
    assert.match(error.message, message);
    return true;
  });
}
