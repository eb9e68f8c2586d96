import { methodNotAllowed, unknownOperation } from "./errors.ts";
import type { Operation, Service } from "./service.ts";

/** An operation found for a request, with the values of its path's labels. */
export interface Route {
  readonly operation: Operation;
  readonly labels: Readonly<Record<string, string>>;
}

interface Template {
  readonly expression: RegExp;
  readonly operation: Operation;
}

/** The operations of one signing name, or of all: fixed paths by name, templates in order. */
class Table {
  readonly #fixed = new Map<string, Map<string, Operation>>();
  readonly #templates: Template[] = [];

  add(operation: Operation): void {
    if (operation.path.includes("{")) {
      this.#templates.push({ expression: templateExpression(operation.path), operation });
      return;
    }
    const methods = this.#fixed.get(operation.path) ?? new Map<string, Operation>();
    if (!methods.has(operation.method)) methods.set(operation.method, operation);
    this.#fixed.set(operation.path, methods);
  }

  find(method: string, path: string): Route {
    const methods = this.#fixed.get(path);
    const operation = methods?.get(method);
    if (operation !== undefined) return { operation, labels: {} };
    const matching = this.#templates.filter((template) => template.expression.test(path));
    const template = matching.find((each) => each.operation.method === method);
    if (template !== undefined) {
      return { operation: template.operation, labels: labelsOf(template.expression.exec(path)?.groups ?? {}) };
    }
    const allowed = [...(methods?.keys() ?? []), ...matching.map((each) => each.operation.method)];
    throw allowed.length > 0
      ? methodNotAllowed(method, allowed)
      : unknownOperation(method, path.slice(0, MAX_SHOWN_PATH));
  }
}

/** Longest part of an unknown path that an error shows. */
const MAX_SHOWN_PATH = 200;

/** Finds operations: by the service in the credential scope first, then by method and path, because services share paths. */
export class Router {
  readonly #bySigningName = new Map<string, Table>();
  readonly #all = new Table();
  readonly #streaming = new Set<string>();

  /** @throws Error where two operations of one signing name have the same method and path */
  constructor(services: readonly Service[]) {
    const taken = new Set<string>();
    for (const operation of services.flatMap((service) => service.operations)) {
      const { signingName } = operation.service;
      const place = `${signingName} ${operation.method} ${operation.path}`;
      if (taken.has(place)) throw new Error(`two operations share ${place}`);
      taken.add(place);
      const table = this.#bySigningName.get(signingName) ?? new Table();
      this.#bySigningName.set(signingName, table);
      table.add(operation);
      this.#all.add(operation);
      if (operation.streamsInput) this.#streaming.add(`${operation.method} ${operation.path}`);
    }
  }

  /** Whether an operation of this method and path, of whichever service, takes its body as a stream. */
  streamsInput(method: string, path: string): boolean {
    return this.#streaming.has(`${method} ${path}`);
  }

  /**
   * @param signingName service in the request's credential scope; where it is absent or unknown, every service is searched, and
   *   authentication refuses the request afterwards
   * @throws ServiceError UnknownOperationException or MethodNotAllowedException
   */
  find(signingName: string | undefined, method: string, path: string): Route {
    const table = signingName === undefined ? undefined : this.#bySigningName.get(signingName);
    return (table ?? this.#all).find(method, path);
  }
}

/** `/v1/tags/{ResourceArn}` with one segment for a label, any number for a greedy one (`{Key+}`). */
function templateExpression(path: string): RegExp {
  const source = path.split(/(\{\w+\+?\})/).map((part) => {
    const label = /^\{(\w+)(\+?)\}$/.exec(part);
    if (label === null) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return `(?<${label[1]}>${label[2] === "+" ? ".+" : "[^/]+"})`;
  });
  return new RegExp(`^${source.join("")}$`);
}

function labelsOf(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeLabel(value)]));
}

function decodeLabel(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
