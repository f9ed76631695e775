import Foundation
import MillraceBytes
import MillraceNativeProtocol
import Testing

/// The article is what a stranger writes a client from: what it shows must be what is sent.
@Suite struct NativeProtocolArticleTests {
    private static let article: String = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(
                path: "../../Sources/MillraceNativeProtocol/MillraceNativeProtocol.docc/"
                    + "NativeProtocol.md")
        return (try? String(contentsOf: path, encoding: .utf8)) ?? ""
    }()

    /// The bytes of the code blocks after the heading `name`: each line begins with them, in pairs
    /// of hexadecimal digits, and goes on with a comment.
    private func example(_ name: String) throws -> [UInt8] {
        let start = try #require(Self.article.range(of: "### \(name)\n"))
        let block = Self.article[start.upperBound...]
            .components(separatedBy: "```")
        let lines = try #require(block.count > 1 ? block[1] : nil).split(separator: "\n")
        var bytes: [UInt8] = []
        for line in lines {
            for word in line.components(separatedBy: "|")[0].split(separator: " ") {
                bytes.append(try #require(UInt8(word, radix: 16)))
            }
        }
        return bytes
    }

    @Test func theClientsSideOfTheExampleIsWhatWeSend() throws {
        var request = WireDescribeTopicRequest()
        request.name = "orders"
        let sent = bytes {
            $0.writePreface()
            $0.writeCall(.describeTopic, stream: StreamID(1), request: request)
        }
        #expect(try example("The client sends") == sent)
    }

    @Test func theBrokersSideOfTheExampleIsWhatItSays() throws {
        var bytes = try example("The broker answers")
        try bytes.withUnsafeBytes { try Preface(parsing: $0).requireCurrentVersion() }
        bytes.removeFirst(Preface.size)
        let frames = try assemble(bytes, step: bytes.count)
        try #require(frames.count == 2)
        #expect(frames[0].header.kind == .message)
        let description = try frames[0].decode(WireTopicDescription.self)
        #expect(description.name == "orders")
        #expect(description.partitions.map(\.partition) == [0])
        #expect(description.partitions.map(\.highWatermark) == [300])
        #expect(frames[1].header.kind == .end)
        #expect(try frames[1].status() == .ok)
    }

    @Test func everyMethodAndKindAndCodeIsInTheTables() {
        for method in Method.allCases {
            let number = String(method.rawValue, radix: 16)
            #expect(Self.article.contains("0x0\(number)"), "\(method)")
        }
        for kind in FrameKind.allCases {
            #expect(Self.article.contains("| \(kind.rawValue) | \(kind) |"), "\(kind)")
        }
        for code in [
            StatusCode.ok, .cancelled, .invalidArgument, .notFound, .alreadyExists,
            .resourceExhausted, .failedPrecondition, .outOfRange, .unimplemented, .internal,
            .unavailable, .dataLoss,
        ] {
            #expect(Self.article.contains("| \(code.rawValue) | \(code) |"), "\(code)")
        }
    }
}
