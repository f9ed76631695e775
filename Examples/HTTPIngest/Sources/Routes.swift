import Hummingbird
import Millrace

/// What the server answers.
struct Routes {
    let engine: Engine

    /// The most bytes that one post may have.
    private static let bodyBytesMax = 1 << 20

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.put("topics/:topic") { request, context in
            try await answering { try await create(request, context) }
        }
        router.post("topics/:topic") { request, context in
            try await answering { try await append(request, context) }
        }
        router.get("topics/:topic/:partition") { request, context in
            try await answering { try await read(request, context) }
        }
        return router
    }

    private func create(
        _ request: Request, _ context: BasicRequestContext
    ) async throws -> Response {
        let topic = try context.parameters.require("topic")
        let partitions = request.uri.queryParameters.get("partitions", as: Int32.self)
        try await engine.createTopic(topic, partitions: partitions)
        return Response(status: .created)
    }

    /// Each line of the body is a record, all of them with the key that the query names, and one
    /// append: one write to the disk, together with what other requests post at the same time.
    private func append(
        _ request: Request, _ context: BasicRequestContext
    ) async throws -> Response {
        let topic = try context.parameters.require("topic")
        let key = request.uri.queryParameters.get("key").map { Array($0.utf8) }
        let body = try await request.body.collect(upTo: Self.bodyBytesMax)
        let records = body.readableBytesView.split(separator: UInt8(ascii: "\n")).map {
            Record(key: key, value: Array($0))
        }
        guard !records.isEmpty else {
            throw HTTPError(.badRequest, message: "the body has no line; each line is a record")
        }
        let positions = try await engine.append(records, to: topic)
        let text = positions.map { "\($0.partition) \($0.offset)\n" }.joined()
        return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// The values of a partition from an offset on, a line each, as they are read: a client that
    /// reads slowly slows the reading, and nothing piles up.
    private func read(
        _ request: Request, _ context: BasicRequestContext
    ) async throws -> Response {
        let topic = try context.parameters.require("topic")
        let partition = try context.parameters.require("partition", as: Int32.self)
        let offset = request.uri.queryParameters.get("offset", as: Int64.self) ?? 0
        var batches = engine.batches(
            of: topic, partition: partition, from: .offset(Offset(offset))
        ).makeAsyncIterator()
        // What is wrong with the request comes to light here, before the status is sent.
        let first = try await batches.next()
        let start = batches
        let body = ResponseBody { writer in
            var batches = start
            var next = first
            while let batch = next {
                var lines = ByteBuffer()
                try batch.forEachRecord { record in
                    lines.writeBytes(record.valueBytes ?? UnsafeRawBufferPointer(start: nil, count: 0))
                    lines.writeInteger(UInt8(ascii: "\n"))
                }
                try await writer.write(lines)
                next = try await batches.next()
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, body: body)
    }

    /// The engine's errors in HTTP's words.
    private func answering(_ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch let error as EngineError {
            let status: HTTPResponse.Status =
                switch error.kind {
                case .unknownTopic: .notFound
                case .topicExists: .conflict
                case .invalidArgument: .badRequest
                case .offsetOutOfRange: .rangeNotSatisfiable
                case .recordTooLarge: .contentTooLarge
                case .readOnly, .closed: .serviceUnavailable
                default: .internalServerError
                }
            throw HTTPError(status, message: error.description)
        }
    }
}
