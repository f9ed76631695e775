internal import CLibFuzzer

/// Feeds what libFuzzer makes up to both ends of the native protocol, built by `Scripts/fuzz` under the address
/// sanitizer: whatever bytes come, they give frames or typed errors, and no trap, no bad access and no leak.
///
/// The first byte of an input says to whom the others are given, and how: see `Delivery`. They are what a
/// connection carries, preface and frames. `Corpus` holds valid ones to begin with.
@main
struct FuzzTarget {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 3, arguments[1] == "--write-corpus" {
            return Corpus.write(to: arguments[2])
        }
        var count = CommandLine.argc
        var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let status = LLVMFuzzerRunDriver(&count, &values, testOneInput)
        // The driver returns without a finding only; with one it has ended the process.
        precondition(status == 0, "libFuzzer ended with status \(status)")
    }
}

private let testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { bytes, count in
    let input = UnsafeRawBufferPointer(start: bytes, count: count)
    guard let first = input.first else { return 0 }
    let delivery = Delivery(first)
    let sent = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    if delivery.isToBroker {
        BrokerSide.take(sent, delivery)
    } else {
        ClientSide.take(sent, delivery)
    }
    return 0
}

/// How the bytes of an input are handed over.
struct Delivery {
    let isToBroker: Bool
    /// How many bytes arrive at a time.
    let step: Int
    /// Whether record batches get the checksum that fits them, so that what is behind the check is reached.
    let repairsChecksums: Bool

    static let toBroker: UInt8 = 1
    static let repairingChecksums: UInt8 = 8

    init(_ byte: UInt8) {
        isToBroker = byte & Self.toBroker != 0
        step = [.max, 1, 7, 64][Int(byte >> 1 & 3)]
        repairsChecksums = byte & Self.repairingChecksums != 0
    }

    /// Calls `body` with the pieces of `bytes` in turn, until it returns false.
    func pieces(of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool) {
        var position = 0
        while position < bytes.count {
            let end = position + min(step, bytes.count - position)
            guard body(UnsafeRawBufferPointer(rebasing: bytes[position..<end])) else { return }
            position = end
        }
    }
}
