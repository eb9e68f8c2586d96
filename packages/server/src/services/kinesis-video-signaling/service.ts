import * as sdk from "@aws-sdk/client-kinesis-video-signaling";
import type { Checked, OperationHandler } from "../../aws/handler.ts";
import { type Service, type ServiceDeclaration, service } from "../../aws/service.ts";
import { codeOf } from "../errors.ts";
import { access } from "./access.ts";
import { constraints } from "./constraints.ts";
import { errors, errorTypes } from "./errors.ts";

type Handler<Input, Output> = OperationHandler<Checked<Input>, Output>;

/** The HTTPS operations of a signaling channel (AWS docs, "Amazon Kinesis Video Signaling Channels" API reference). */
export interface KinesisVideoSignalingHandlers {
  readonly GetIceServerConfig: Handler<sdk.GetIceServerConfigRequest, sdk.GetIceServerConfigResponse>;
  readonly SendAlexaOfferToMaster: Handler<sdk.SendAlexaOfferToMasterRequest, sdk.SendAlexaOfferToMasterResponse>;
}

const declaration: ServiceDeclaration = {
  name: "kinesis-video-signaling",
  signingName: "kinesisvideo",
  operations: [sdk.GetIceServerConfig$, sdk.SendAlexaOfferToMaster$],
  errors,
  constraints,
  invalidInput: "InvalidArgumentException",
  access,
  codeOf,
  errorTypes,
};

/**
 * The HTTPS side of signaling channels with those of its operations that are given.
 * @throws Error where schemas, constraints, access rules, error tables and handlers disagree
 */
export function kinesisVideoSignaling(handlers: Partial<KinesisVideoSignalingHandlers>): Service {
  return service(declaration, handlers);
}
