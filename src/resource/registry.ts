/**
 * The resources of a node: opened with their first user, shared, counted, closed after the last.
 *
 * Every user has one reference for each of its needs. A resource that could not be opened answers
 * its users with the reason; the next user opens it again.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { AetherError, toAetherError } from "../base/errors.ts";
import type { ResourceConsumer, ResourceNeed } from "../protocol/slice/resources.ts";
import type { ResourceView } from "../protocol/thread/resources.ts";
import type { Logger } from "../sdk/logger.ts";
import { factoryOf, readOptions } from "./check.ts";
import type {
  CallMessage,
  ExtensionKey,
  ResourceFactory,
  ResourceSection,
  ResourceSession,
  SharedResource,
} from "./factory.ts";

/** Between two looks at figures that change all the time. */
const figuresPauseMs = 1_000;

/** Sections of the configuration by name. */
export type ResourceSections = Readonly<Record<string, ResourceSection>>;

/** What a registry needs. */
export interface RegistryOptions {
  readonly factories: readonly ResourceFactory[];
  readonly sections: ResourceSections;
  readonly log: Logger;
  /** Called after each change of what {@link ResourceRegistry.views} answers. */
  onChange(): void;
}

/** Tells an instance something: name of its need, event and value. */
export type Notify = (resource: string, event: string, value: unknown) => void;

interface Reference {
  readonly consumer: ResourceConsumer;
  readonly need: ResourceNeed;
  readonly shared: Shared;
  readonly session: Promise<ResourceSession>;
}

/** Opens, shares and closes resources. */
export class ResourceRegistry {
  readonly #options: RegistryOptions;
  #sections: ResourceSections;
  readonly #extensions = new Map<string, unknown>();
  readonly #shared = new Map<string, Shared>();
  readonly #closing = new Set<Shared>();
  /** References of each instance. */
  readonly #references = new Map<string, Reference[]>();

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#sections = options.sections;
  }

  /** Gives factories a part of the running node; the last one under a key counts. */
  registerExtension<Component>(key: ExtensionKey<Component>, component: Component): void {
    this.#extensions.set(key.name, component);
  }

  /** Lets an instance use what it needs; answers what calls each of its needs. */
  provision(
    consumer: ResourceConsumer,
    notify: Notify,
  ): ReadonlyMap<string, (message: CallMessage) => Promise<unknown>> {
    assert(!this.#references.has(consumer.instance), `${consumer.instance} was provisioned twice`);
    const references = consumer.needs.map((need) => this.#refer(consumer, need, notify));
    this.#references.set(consumer.instance, references);
    this.#options.onChange();
    return new Map(references.map(({ need, session }) => [
      need.name,
      async (message) => (await session).call(message),
    ]));
  }

  /** Gives free all that an instance uses. */
  releaseAll(instance: string): void {
    const references = this.#references.get(instance) ?? [];
    this.#references.delete(instance);
    for (const reference of references) this.#release(reference);
    if (references.length > 0) this.#options.onChange();
  }

  /** The configuration has changed: tells the resources that can follow. */
  configure(sections: ResourceSections): void {
    this.#sections = sections;
    for (const shared of this.#shared.values()) {
      const section = sections[shared.section];
      if (section?.type === shared.type) shared.update(section);
    }
  }

  /** All resources, in order. */
  views(): ResourceView[] {
    const users = new Map<Shared, ResourceView["users"]>();
    for (const { consumer, need, shared } of [...this.#references.values()].flat()) {
      const { instance, artifact } = consumer;
      users.set(shared, [...users.get(shared) ?? [], { instance, artifact, need: need.name }]);
    }
    return [...this.#shared.values(), ...this.#closing]
      .map((shared) => shared.view(users.get(shared) ?? []))
      .sort((a, b) => order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0);
  }

  #refer(consumer: ResourceConsumer, need: ResourceNeed, notify: Notify): Reference {
    const shared = this.#share(need);
    shared.references++;
    const { instance, artifactBase, hosts } = consumer;
    const session = shared.opened.then((resource) =>
      resource.session({
        instance,
        artifactBase,
        hosts,
        ...(need.topic === undefined ? {} : { topic: need.topic }),
        notify: (event, value) => notify(need.name, event, value),
      })
    );
    // Whoever calls learns of the failure.
    session.catch(() => {});
    return { consumer, need, shared, session };
  }

  #share({ type, section }: ResourceNeed): Shared {
    const key = JSON.stringify([type, section]);
    const known = this.#shared.get(key);
    if (known !== undefined && known.state !== "FAILED") return known;
    const shared = new Shared(type, section, {
      ...this.#options,
      sections: this.#sections,
      extensions: this.#extensions,
    });
    this.#shared.set(key, shared);
    return shared;
  }

  #release({ need, shared, session }: Reference): void {
    session.then((open) => open.close(), () => {});
    shared.references--;
    if (shared.references > 0) return;
    const key = JSON.stringify([need.type, need.section]);
    if (this.#shared.get(key) === shared) this.#shared.delete(key);
    this.#closing.add(shared);
    shared.close().finally(() => {
      this.#closing.delete(shared);
      this.#options.onChange();
    });
  }
}

function order({ type, section }: ResourceView): string {
  return `${type} ${section}`;
}

interface SharedOptions extends RegistryOptions {
  readonly extensions: ReadonlyMap<string, unknown>;
}

/** One open resource and the number of its users. */
class Shared {
  readonly type: string;
  readonly section: string;
  readonly opened: Promise<SharedResource>;
  references = 0;
  state: ResourceView["state"] = "OPENING";
  readonly #options: SharedOptions;
  #open:
    | { readonly factory: ResourceFactory; readonly resource: SharedResource }
    | undefined;
  #reason: string | undefined;
  #telling: ReturnType<typeof setTimeout> | undefined;

  constructor(type: string, section: string, options: SharedOptions) {
    this.section = section;
    this.type = type;
    this.#options = options;
    this.opened = this.#begin().catch((error) => {
      this.state = "FAILED";
      const { message } = toAetherError(error);
      this.#reason = message;
      options.log.error("A resource could not be opened", { type, section, error: message });
      options.onChange();
      throw new AetherError("RESOURCE_FAILED", `Resource ${this.#name}: ${message}`);
    });
    this.opened.catch(() => {});
  }

  update(section: ResourceSection): void {
    if (this.#open?.resource.update === undefined) return;
    const { options, issues } = readOptions(this.#open.factory, section);
    if (issues.length === 0) this.#open.resource.update(options);
  }

  view(users: ResourceView["users"]): ResourceView {
    const reason = this.#reason === undefined ? {} : { reason: this.#reason };
    const figures = this.#open?.resource.figures?.();
    return {
      type: this.type,
      section: this.section,
      state: this.state,
      ...reason,
      ...(figures === undefined ? {} : { figures }),
      references: users.length,
      users,
    };
  }

  async close(): Promise<void> {
    const resource = await this.opened.catch(() => undefined);
    this.state = "CLOSING";
    clearTimeout(this.#telling);
    try {
      await resource?.close();
    } catch (error) {
      const reason = toAetherError(error).message;
      this.#options.log.error("A resource could not be closed", { name: this.#name, reason });
    }
  }

  get #name(): string {
    return this.section === "" ? this.type : `[resources.${this.section}]`;
  }

  #tellSoon(): void {
    if (this.state === "CLOSING") return;
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#options.onChange();
    }, figuresPauseMs);
  }

  async #begin(): Promise<SharedResource> {
    const { sections, factories, extensions, log, onChange } = this.#options;
    const section = this.section === "" ? undefined : sections[this.section];
    const found = factoryOf(factories, this.type, this.section, section);
    if (found.factory === undefined) throw new AetherError("RESOURCE_INVALID", found.problem);
    const { options, issues } = readOptions(found.factory, section);
    if (issues.length > 0) {
      const [first] = issues;
      throw new AetherError("RESOURCE_INVALID", `${first?.path}: ${first?.message}`, { issues });
    }
    const resource = await found.factory.open(options, {
      section: this.section,
      log,
      changed: () => this.#tellSoon(),
      extension: <Component>(key: ExtensionKey<Component>) => {
        if (extensions.has(key.name)) return extensions.get(key.name) as Component;
        throw new AetherError("RESOURCE_FAILED", `This node has no "${key.name}" for resources`);
      },
    });
    this.#open = { factory: found.factory, resource };
    this.state = "OPEN";
    onChange();
    return resource;
  }
}
