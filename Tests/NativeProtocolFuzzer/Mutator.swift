internal import CLibFuzzer
internal import MillraceNativeProtocol

/// libFuzzer changes bytes without knowing frames, so that what it makes of a body of 100 bytes mostly ends at the
/// first length. Three of four times a frame is changed as a frame instead: a part of it is handed to libFuzzer and the
/// lengths are set to what came back, or the frame is left out or sent twice.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ countMax: Int, _ seed: UInt32) -> Int {
    let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
    let ranges = frameRanges(in: input)
    guard seed % 4 != 0, !ranges.isEmpty else { return LLVMFuzzerMutate(bytes, count, countMax) }
    let range = ranges[Int(seed >> 8) % ranges.count]
    let changed: [UInt8]
    switch seed >> 2 & 7 {
    case 0: changed = []
    case 1: changed = [UInt8](input[range]) + input[range]
    case 2, 3: changed = mutatedFrame(input[range], part: .attachment)
    case 4: changed = mutatedFrame(input[range], part: .header)
    default: changed = mutatedFrame(input[range], part: .body)
    }
    let output = input[..<range.lowerBound] + changed + input[range.upperBound...]
    guard output.count <= countMax else { return LLVMFuzzerMutate(bytes, count, countMax) }
    for (index, byte) in output.enumerated() { bytes[index] = byte }
    return output.count
}

private enum FramePart { case header, body, attachment }

/// Where the whole frames behind the first byte and the preface lie.
private func frameRanges(in input: [UInt8]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var position = 1 + Preface.size
    while position + FrameHeader.size <= input.count {
        let end = position + FrameHeader.size + Int(number(in: input[position...], at: 0))
        guard end <= input.count else { break }
        ranges.append(position..<end)
        position = end
    }
    return ranges
}

private func mutatedFrame(_ frame: ArraySlice<UInt8>, part: FramePart) -> [UInt8] {
    let payload = [UInt8](frame.dropFirst(FrameHeader.size))
    let attachmentCount = min(Int(number(in: frame, at: 12)), payload.count)
    // Stream, kind, flags and method; both lengths are set below.
    var middle = [UInt8](frame.dropFirst(4).prefix(8))
    var body = [UInt8](payload.dropLast(attachmentCount))
    var attachment = [UInt8](payload.suffix(attachmentCount))
    switch part {
    case .header: middle = mutated(middle, countMax: 8)
    case .body: body = mutated(body, countMax: body.count + 64)
    case .attachment: attachment = mutated(attachment, countMax: attachment.count + 64)
    }
    while middle.count < 8 { middle.append(0) }
    return littleEndian(body.count + attachment.count) + middle + littleEndian(attachment.count) + body
        + attachment
}

private func mutated(_ bytes: [UInt8], countMax: Int) -> [UInt8] {
    var room = bytes + [UInt8](repeating: 0, count: countMax - bytes.count)
    let count = room.withUnsafeMutableBufferPointer { room in
        guard let base = room.baseAddress else { return 0 }
        return LLVMFuzzerMutate(base, bytes.count, countMax)
    }
    return [UInt8](room.prefix(count))
}

private func number(in bytes: ArraySlice<UInt8>, at offset: Int) -> UInt32 {
    bytes.dropFirst(offset).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
}

private func littleEndian(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}
