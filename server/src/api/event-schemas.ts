// The shape of an event as subscribers get it, over SSE and gRPC alike. What fills it stands in event-views.
import { type Static, Type } from 'typebox';
import { configOutcomes, eventKinds, logLevels, vppEventKinds } from '../events/event.ts';
import { backendStates } from '../health/backend-health.ts';
import { frontendStates } from '../health/frontend-state.ts';
import { type Json, object, shape, text, time, words } from './schema-parts.ts';
import { TransitionShape } from './schemas.ts';

/** Kinds of the log, and the two that only tell of the stream itself. */
export const streamKinds = [...eventKinds, 'resync', 'heartbeat'] as const;

const LogEventShape = shape(
  'LogEvent',
  {
    level: words(logLevels, 'level of the line'),
    message: text('what happened, as the log names it', 'vpp-connected'),
    attributes: Type.Record(Type.String(), Type.Unknown(), { description: 'what the line says besides' }),
  },
  'a line of the log',
);

const BackendEventShape = shape(
  'BackendEvent',
  { backend: text('its name', 'nginx0-ams'), transition: TransitionShape },
  'a backend changed its state; in the first picture from and to are equal',
);

const CauseShape = shape(
  'FrontendCause',
  {
    backend: text('whose change it was', 'nginx0-ams'),
    state: words(backendStates, 'state of that backend now'),
    code: text('code of its transition', 'L7STS'),
  },
  'the backend behind the change of a frontend',
);

const FrontendEventShape = shape(
  'FrontendEvent',
  {
    frontend: text('its name', 'www-v4'),
    from: words(frontendStates, 'state before', 'up'),
    to: words(frontendStates, 'state after', 'down'),
    at: time('when'),
    cause: Type.Optional(CauseShape),
  },
  'a frontend changed its state; in the first picture from and to are equal',
);

const VppEventShape = shape(
  'VPPEvent',
  {
    what: words(vppEventKinds, 'what is not as it was or as it should be'),
    message: text('the fact and its cause', 'VPP is disconnected: closed by VPP'),
    frontend: Type.Optional(text('whose VIP it is', 'www-v4')),
  },
  'the connection to VPP, or what VPP holds',
);

const AuditShape = shape(
  'Audit',
  {
    operation: text('RPC name of the operation', 'PauseBackend'),
    target: Type.Optional(text('what it was to change', 'nginx0-ams')),
    user: Type.Optional(text('who asked, by the name of the credential', 'alice')),
    address: text('from where; `unix` for the Unix socket', '192.0.2.7'),
    requestId: text('of the request, as in its answer', '7f1c9c0e'),
    code: text('`ok`, or the canonical code of the refusal', 'permission_denied'),
  },
  'who asked for a change, and what became of it',
);

const ConfigEventShape = shape(
  'ConfigEvent',
  {
    outcome: words(configOutcomes, 'what happened'),
    message: text('in words', 'pause nginx0-ams by alice'),
    audit: Type.Optional(AuditShape),
  },
  'the configuration, or what operators set beside it',
);

const ResyncShape = shape(
  'Resync',
  { reason: text('why events are missing', 'event mf3k2-17 is older than what is kept') },
  'events were missed: the whole picture follows',
);

export const EventShape = shape(
  'Event',
  {
    id: Type.Optional(
      text('`<epoch>-<sequence>`, where one may continue; absent within the first picture', 'mf3k2-1017'),
    ),
    at: time('when it was appended, or sent'),
    kind: words(streamKinds, 'which of the fields below is there', 'backend'),
    snapshot: Type.Optional(Type.Literal(true, { description: 'part of the first picture, not a change' })),
    log: Type.Optional(LogEventShape),
    backend: Type.Optional(BackendEventShape),
    frontend: Type.Optional(FrontendEventShape),
    vpp: Type.Optional(VppEventShape),
    config: Type.Optional(ConfigEventShape),
    resync: Type.Optional(ResyncShape),
  },
  'one event',
);

export const WatchQuery = object(
  {
    kind: Type.Optional(
      Type.Array(words(eventKinds, 'a kind'), { description: 'kinds that are wanted; absent: all' }),
    ),
    level: Type.Optional(words(logLevels, 'lowest level of log events; absent: info')),
    lastEventId: Type.Optional(
      Type.String({
        description: 'continue behind this event instead of with the whole picture',
        pattern: '^[0-9a-z]{1,16}-[0-9]{1,16}$',
        examples: ['mf3k2-1017'],
      }),
    ),
  },
  'which events',
);

export type EventJson = Json<typeof EventShape>;
export type WatchRequest = Static<typeof WatchQuery>;
