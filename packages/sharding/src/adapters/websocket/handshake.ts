import { randomBytes } from "node:crypto";
import { protocolVersion } from "../../core/agreement.ts";
import { type NodeRef, sameNode } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Channel } from "../../ports/transport.ts";
import { type CloseCode, closeCodes, meaningOf, versionReason } from "./close-codes.ts";
import type { GatedSocket } from "./gated-socket.ts";
import {
  type Hello,
  type HelloKind,
  maxHelloBytes,
  nonceBytes,
  Proofs,
  readBytes,
  readHello,
  readPrefix,
  writeBytes,
  writeHello,
} from "./hello.ts";

/** What both sides of a hello (hello.ts) know before it. */
export interface HelloTerms {
  readonly self: NodeRef;
  readonly cluster: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

export interface Acceptor {
  /** The peer has proven itself. @returns why it may not connect all the same, or null. */
  admit(from: NodeRef, channel: Channel): CloseCode | null;
  /** The welcome is on its way: from now on the socket is a connection. */
  accepted(from: NodeRef, channel: Channel): void;
  /** `claimed`: who the other side says it is, if it got that far. */
  refused(code: number, claimed: NodeRef | null, reason: string): void;
}

export interface Dialler {
  /** Asked before the own proof leaves, with which this side commits itself. */
  mayProve(): boolean;
  welcomed(): void;
  /** `code` is the other side's close code, or one of ours. */
  failed(code: number, reason: string): void;
}

/** Waits for a hello and answers it. Until the proof is checked only fixed, small layouts are read. */
export function acceptHello(socket: GatedSocket, terms: HelloTerms, acceptor: Acceptor): void {
  let claimed: NodeRef | null = null;
  const steps = begin(socket, terms, (code, reason) => acceptor.refused(code, claimed, reason));

  const onHello = (frame: Buffer): void => {
    const hello = readHello(frame);
    if (hello === null) return steps.refuse(closeCodes.protocolError);
    claimed = hello.from;
    if (hello.cluster !== terms.cluster) return steps.refuse(closeCodes.wrongCluster);
    socket.identify(hello.from.nodeId, hello.channel);
    // The hello itself has to wait for the gate, too: to a cut peer this node is a black hole.
    socket.pass(() => onTarget(hello, frame));
  };

  const onTarget = (hello: Hello, frame: Buffer): void => {
    if (!sameNode(hello.to, terms.self)) return steps.refuse(closeCodes.anotherLife);
    if (hello.from.nodeId === terms.self.nodeId) return steps.refuse(closeCodes.anotherLife);
    const challenge = writeBytes("challenge", randomBytes(nonceBytes));
    const proofs = new Proofs(terms.secret, frame, challenge);
    steps.expect("proof", (answer) => onProof(hello, proofs, answer));
    socket.send(challenge);
  };

  const onProof = (hello: Hello, proofs: Proofs, frame: Buffer): void => {
    const mac = readBytes(frame);
    if (mac === null) return steps.refuse(closeCodes.protocolError);
    if (!proofs.verify("dialler", mac)) return steps.refuse(closeCodes.wrongSecret);
    const objection = acceptor.admit(hello.from, hello.channel);
    if (objection !== null) return steps.refuse(objection);
    steps.done();
    socket.send(writeBytes("welcome", proofs.mac("acceptor")));
    acceptor.accepted(hello.from, hello.channel);
  };

  steps.expect("hello", onHello);
}

/** Says hello on a socket that has just opened. */
export function sayHello(
  socket: GatedSocket,
  terms: HelloTerms,
  to: NodeRef,
  channel: Channel,
  dialler: Dialler,
): void {
  const { self: from, cluster } = terms;
  const hello = writeHello({ channel, nonce: randomBytes(nonceBytes), cluster, from, to });
  const steps = begin(socket, terms, (code, reason) => dialler.failed(code, reason));

  const onChallenge = (challenge: Buffer): void => {
    if (readBytes(challenge) === null) return steps.refuse(closeCodes.protocolError);
    if (!dialler.mayProve()) return steps.refuse(closeCodes.alreadyConnected);
    const proofs = new Proofs(terms.secret, hello, challenge);
    steps.expect("welcome", (frame) => onWelcome(proofs, frame));
    socket.send(writeBytes("proof", proofs.mac("dialler")));
  };

  const onWelcome = (proofs: Proofs, frame: Buffer): void => {
    const mac = readBytes(frame);
    if (mac === null) return steps.refuse(closeCodes.protocolError);
    if (!proofs.verify("acceptor", mac)) return steps.refuse(closeCodes.wrongSecret);
    steps.done();
    dialler.welcomed();
  };

  steps.expect("challenge", onChallenge);
  socket.send(hello);
}

/** What the two sides have in common: one frame of the expected kind at a time, a deadline, one end. */
function begin(
  socket: GatedSocket,
  terms: HelloTerms,
  failed: (code: number, reason: string) => void,
) {
  const cancel = terms.clock.after(terms.timeoutMs, () => refuse(closeCodes.helloTimeout));
  const refuse = (code: CloseCode, reason = meaningOf(code)): void => socket.drop(code, reason);
  const check = (frame: Buffer, kind: HelloKind): CloseCode | null => {
    if (frame.length > maxHelloBytes) return closeCodes.tooBig;
    return readPrefix(frame)?.kind === kind ? null : closeCodes.protocolError;
  };
  return {
    refuse,
    done(): void {
      cancel();
      socket.markProven();
    },
    expect(kind: HelloKind, next: (frame: Buffer) => void): void {
      const receive = (frame: Buffer): void => {
        const version = readPrefix(frame)?.version ?? protocolVersion;
        if (version !== protocolVersion)
          return refuse(closeCodes.wrongVersion, versionReason(version, protocolVersion));
        const objection = check(frame, kind);
        if (objection === null) next(frame);
        else refuse(objection);
      };
      socket.listen(receive, (end) => {
        cancel();
        failed(end.code, end.reason || meaningOf(end.code));
      });
    },
  };
}
