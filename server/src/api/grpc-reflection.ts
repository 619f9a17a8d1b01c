// Server reflection, v1 and v1alpha: what clients such as `buf curl` ask to learn the contract. The two
// differ in their package only. It must not know what the services do.
import type { DescFile, DescService } from '@bufbuild/protobuf';
import { createRegistry, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import { type ServerReflectionRequest, ServerReflection as V1 } from '@vpp-maglev/proto/reflection';
import {
  type ServerReflectionRequest as AlphaRequest,
  ServerReflection as V1Alpha,
} from '@vpp-maglev/proto/reflection-alpha';
import { abortError, untilAborted } from './grpc-errors.ts';

type Question = (ServerReflectionRequest | AlphaRequest)['messageRequest'];

/** Describes `services` and itself. Streams end when `closing` is aborted. */
export function addReflection(
  router: ConnectRouter,
  services: readonly DescService[],
  closing: AbortSignal,
): void {
  const answer = createAnswer([...services, V1, V1Alpha]);

  /** One answer for each question, in their order. */
  async function* answerAll<Request extends { readonly host: string; readonly messageRequest: Question }>(
    requests: AsyncIterable<Request>,
    { signal }: HandlerContext,
  ) {
    const either = AbortSignal.any([signal, closing]);
    const iterator = requests[Symbol.asyncIterator]();
    for (;;) {
      const next = await untilAborted(iterator.next(), either, () => abortError(signal));
      if (next.done) return;
      const { host, messageRequest } = next.value;
      yield { validHost: host, originalRequest: next.value, messageResponse: answer(messageRequest) };
    }
  }

  router.service(V1, { serverReflectionInfo: answerAll });
  router.service(V1Alpha, { serverReflectionInfo: answerAll });
}

/** From a question to its answer. Unknown names are an answer, not an end of the stream. */
function createAnswer(services: readonly DescService[]) {
  const files = new Map<string, DescFile>();
  for (const { file } of services) addWithImports(files, file);
  const registry = createRegistry(...files.values());
  const bytes = new Map(
    Array.from(files.values(), (file) => [file, toBinary(FileDescriptorProtoSchema, file.proto)] as const),
  );

  function describeFile(file: DescFile | undefined, what: string) {
    if (file === undefined) return notFound(what);
    const needed = new Map<string, DescFile>();
    addWithImports(needed, file);
    const texts = Array.from(needed.values(), (each) => bytes.get(each) ?? new Uint8Array());
    // The file that was asked for comes first.
    return {
      case: 'fileDescriptorResponse' as const,
      value: { fileDescriptorProto: texts.toReversed() },
    };
  }

  /** Types and services by their name, and what is in them: fields, values, methods. */
  function fileOf(symbol: string): DescFile | undefined {
    const parent = symbol.slice(0, Math.max(0, symbol.lastIndexOf('.')));
    return (registry.get(symbol) ?? registry.get(parent))?.file;
  }

  return (question: Question) => {
    switch (question.case) {
      case 'listServices': {
        const names = services.map(({ typeName }) => typeName).toSorted();
        return {
          case: 'listServicesResponse' as const,
          value: { service: names.map((name) => ({ name })) },
        };
      }
      case 'fileByFilename':
        return describeFile(files.get(question.value), question.value);
      case 'fileContainingSymbol':
        return describeFile(fileOf(question.value), question.value);
      case 'allExtensionNumbersOfType':
        if (registry.getMessage(question.value) === undefined) return notFound(question.value);
        return {
          case: 'allExtensionNumbersResponse' as const,
          value: { baseTypeName: question.value, extensionNumber: [] },
        };
      case 'fileContainingExtension':
        return notFound(`extension ${question.value.extensionNumber} of ${question.value.containingType}`);
      case undefined:
        return {
          case: 'errorResponse' as const,
          value: { errorCode: Code.InvalidArgument, errorMessage: 'the request asks for nothing' },
        };
    }
  };
}

/** What a file imports stands before it. */
function addWithImports(files: Map<string, DescFile>, file: DescFile): void {
  if (files.has(file.proto.name)) return;
  for (const imported of file.dependencies) addWithImports(files, imported);
  files.set(file.proto.name, file);
}

function notFound(what: string) {
  return {
    case: 'errorResponse' as const,
    value: { errorCode: Code.NotFound, errorMessage: `not known here: ${what}` },
  };
}
