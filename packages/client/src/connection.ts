import { defaultProvider } from "@aws-sdk/credential-provider-node";

/** An access key of an AWS account or of a Kvass server. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Which service to talk to, and as whom. Every function of this package takes one. */
export interface Connection {
  /** URL of the control plane, as `http://127.0.0.1:8400`. Without one: AWS, in `region`. */
  readonly endpoint?: string;
  readonly region: string;
  /** The key itself, or what resolves with it before each request, as the SDKs' credential providers do. */
  readonly credentials: Credentials | (() => Promise<Credentials>);
}

/** A stream by its name or by its ARN. */
export type StreamId = { readonly streamName: string } | { readonly streamArn: string };

/** Reads the credentials where the AWS SDKs find them: environment, shared files, single sign-on, container and instance metadata. */
export function environmentCredentials(): () => Promise<Credentials> {
  return defaultProvider();
}
