// The shapes of what check and reload answer.
import { Type } from 'typebox';
import { count, type Json, shape, text, words } from './schema-parts.ts';

const ConfigProblemShape = shape(
  'ConfigProblem',
  {
    kind: words(
      ['structural', 'semantic'],
      'structural: not understood; semantic: understood and wrong',
      'semantic',
    ),
    path: text('path of the fault; empty: the file as a whole', 'maglev.backends.nginx9-ams'),
    line: count('line in the file, from 1; 0: none', 14),
    column: count('column in that line, from 1; 0: none', 9),
    message: text('what is wrong, and what to do', 'no frontend uses it'),
  },
  'a fault of the configuration, with its place',
);

const names = (description: string) => Type.Array(Type.String(), { description, examples: [['nginx0-ams']] });

const NameChangesShape = shape(
  'NameChanges',
  { added: names('new ones'), removed: names('ones that are gone'), changed: names('changed ones') },
  'what changed, by name',
);

const ConfigChangesShape = shape(
  'ConfigChanges',
  {
    healthchecks: NameChangesShape,
    backends: NameChangesShape,
    frontends: NameChangesShape,
    settings: Type.Array(Type.String(), { description: 'other keys', examples: [['sync-interval']] }),
  },
  'what a reload changed',
);

const checkFields = {
  ok: Type.Boolean({ description: 'whether the file can be used' }),
  errors: Type.Array(ConfigProblemShape, {
    description: 'all of them, in the order of the file',
    examples: [[]],
  }),
  warnings: Type.Array(ConfigProblemShape, { description: 'what is allowed and looks like a slip' }),
};

export const ConfigCheckShape = shape('ConfigCheck', checkFields, 'the file as it is now');

export const ConfigReloadShape = shape(
  'ConfigReload',
  { ...checkFields, changes: Type.Optional(ConfigChangesShape) },
  'the file as it was read; changes: absent where nothing was taken over',
);

export type ConfigCheckJson = Json<typeof ConfigCheckShape>;
export type ConfigReloadJson = Json<typeof ConfigReloadShape>;
