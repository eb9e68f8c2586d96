import { COMMON_ERRORS, ServiceError } from "./errors.ts";
import type { OperationHandler } from "./handler.ts";
import { type ErrorSchema, type OperationSchema, traitsOf } from "./schema/schema.ts";
import { ShapeCompiler, type StructureShape } from "./schema/shapes.ts";
import type { Constraints } from "./validation/constraints.ts";

/** Account and region that resource ARNs are made with. */
export interface AccessScope {
  readonly accountId: string;
  readonly region: string;
}

/** What a caller must be allowed to do for one operation. */
export interface AccessRule {
  /** IAM action, for example `kinesisvideo:CreateStream`. */
  readonly action: string;
  /** The error that denies it: which one differs between operations of one service. */
  readonly denied: string;
  /** ARN, or ARN pattern, of what the input names; `*` for operations on no resource. */
  resource(input: Readonly<Record<string, unknown>>, scope: AccessScope): string;
}

/** An AWS service as data: everything but what its operations do. */
export interface ServiceDeclaration {
  /** Name of the service's SDK client, for example `kinesis-video-media`. */
  readonly name: string;
  /** Service name in SigV4 credential scopes, which several services may share. */
  readonly signingName: string;
  readonly operations: readonly OperationSchema[];
  readonly errors: readonly ErrorSchema[];
  readonly constraints: Constraints;
  /** The modelled error for input that breaks a constraint. */
  readonly invalidInput: string;
  /** A rule for every operation. */
  readonly access: Readonly<Record<string, AccessRule>>;
  /** The code of an error that the service's rules raised; undefined for any other error. */
  codeOf(error: unknown): string | undefined;
  /** The modelled error for each such code, or one of {@link COMMON_ERRORS}. */
  readonly errorTypes: Readonly<Record<string, string>>;
}

/** An operation, ready to be routed to. */
export interface Operation {
  readonly name: string;
  readonly service: Service;
  readonly method: string;
  /** Path template of the operation's schema: `/createStream`, `/v1/tags/{ResourceArn}`. */
  readonly path: string;
  /** HTTP status of success. */
  readonly status: number;
  readonly input: StructureShape;
  readonly output: StructureShape;
  /** True where the request's body is handed to the handler as a stream. */
  readonly streamsInput: boolean;
  readonly access: AccessRule;
  /** Undefined where Kvass does not implement the operation. */
  readonly handler: OperationHandler<Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>> | undefined;
}

/** A service with its handlers, compiled. */
export interface Service {
  readonly name: string;
  readonly signingName: string;
  readonly operations: readonly Operation[];
  /** The error that refuses input which breaks a constraint. */
  invalidInput(message: string): ServiceError;
  /** The error that refuses a caller without permission. */
  denied(operation: Operation, message: string): ServiceError;
  /** The modelled error for one that a handler threw; undefined where no table names it. */
  translate(error: unknown): ServiceError | undefined;
}

/**
 * Compiles a service once, at start.
 * @param handlers what is implemented, by operation name; the rest answers NotImplementedException
 * @throws Error that lists every disagreement between schemas, constraints, access rules, error tables and handlers
 */
export function service(declaration: ServiceDeclaration, handlers: object): Service {
  const compiler = new ShapeCompiler(declaration.constraints);
  const operations: Operation[] = [];
  const compiled: Service = {
    ...errorsOf(declaration),
    name: declaration.name,
    signingName: declaration.signingName,
    operations,
  };
  for (const schema of declaration.operations) {
    operations.push(compileOperation(compiler, compiled, schema, declaration, handlers));
  }
  const problems = disagreements(declaration, handlers, compiler);
  if (problems.length > 0) throw new Error(`${declaration.name} cannot start: ${problems.join("; ")}`);
  return compiled;
}

function compileOperation(
  compiler: ShapeCompiler,
  owner: Service,
  schema: OperationSchema,
  declaration: ServiceDeclaration,
  handlers: object,
): Operation {
  const [, , name, traits, input, output] = schema;
  const [method, path, status] = traitsOf(traits).http as readonly [string, string, number];
  const inputShape = compiler.structure(input);
  return {
    name,
    service: owner,
    method,
    path,
    status,
    input: inputShape,
    output: compiler.structure(output),
    streamsInput: inputShape.members.some((member) => member.shape.kind === "stream"),
    access: declaration.access[name]!,
    handler: (handlers as Readonly<Record<string, Operation["handler"]>>)[name],
  };
}

function errorsOf(declaration: ServiceDeclaration): Pick<Service, "invalidInput" | "denied" | "translate"> {
  const schemas = new Map(declaration.errors.map((schema) => [schema[2], schema]));
  const make = (type: string, message: string, cause?: unknown): ServiceError => {
    const common = COMMON_ERRORS.get(type);
    if (common !== undefined) return new ServiceError(type, common, message, { cause });
    const schema = schemas.get(type)!;
    const messageMember = schema[4].find((member) => member.toLowerCase() === "message") ?? "Message";
    return new ServiceError(type, Number(traitsOf(schema[3]).httpError), message, { messageMember, cause });
  };
  return {
    invalidInput: (message) => make(declaration.invalidInput, message),
    denied: (operation, message) => make(operation.access.denied, message),
    translate(error) {
      const code = declaration.codeOf(error);
      const type = code === undefined ? undefined : declaration.errorTypes[code];
      return type === undefined ? undefined : make(type, (error as Error).message, error);
    },
  };
}

function disagreements(declaration: ServiceDeclaration, handlers: object, compiler: ShapeCompiler): string[] {
  const operations = new Set(declaration.operations.map((schema) => schema[2]));
  const errors = new Set(declaration.errors.map((schema) => schema[2]));
  const rules = Object.values(declaration.access);
  const named = [
    ...rules.map((rule) => rule.denied),
    ...Object.values(declaration.errorTypes),
    declaration.invalidInput,
  ];
  return [
    ...Object.keys(handlers)
      .filter((name) => !operations.has(name))
      .map((name) => `no operation for handler ${name}`),
    ...[...operations]
      .filter((name) => !Object.hasOwn(declaration.access, name))
      .map((name) => `no access rule for ${name}`),
    ...Object.keys(declaration.access)
      .filter((name) => !operations.has(name))
      .map((name) => `no operation for rule ${name}`),
    ...[...new Set(named)]
      .filter((type) => !errors.has(type) && !COMMON_ERRORS.has(type))
      .map((type) => `no error schema for ${type}`),
    ...compiler.unusedConstraints().map((name) => `no member for constraint ${name}`),
  ];
}
