internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

// Where an offset stands in a segment, and which offsets are lost where the segment is damaged.

extension StorageShard {
    /// Walks from batch to batch up to the one that holds the offset. Where the index has led
    /// astray it is given up and the walk starts at the front.
    func find(
        _ offset: Offset, _ log: PartitionLog, _ segment: Segment, from start: UInt64,
        _ limit: UInt64
    ) async throws(StorageError) -> UInt64 {
        let scanner = SegmentScanner(segment.file, from: start, limit: limit, depth: .headers)
        var next = start == 0 ? segment.baseOffset : nil
        // A batch behind a gap, which compaction may have left; the batch after it tells.
        var held: SegmentScanner.Batch?
        while true {
            let step = try await scanner.next()
            guard case .batch(let batch) = step, batch.header.baseOffset >= next ?? .zero else {
                if case .end = step, let held, held.header.nextOffset <= log.end(of: segment),
                    held.header.lastOffset >= offset
                {
                    return held.position
                }
                if next == nil { break }
                return try await search(offset, log, segment)
            }
            if let held, held.header.lastOffset >= offset { return held.position }
            if next == nil, batch.header.baseOffset > offset { break }
            held = nil
            if batch.header.baseOffset != next ?? batch.header.baseOffset {
                held = batch
            } else if batch.header.lastOffset >= offset {
                return batch.position
            }
            next = batch.header.nextOffset
        }
        await segment.distrustIndex(on: shard)
        return try await find(offset, log, segment, from: 0, limit)
    }

    /// Looks for the offset in a segment that is damaged somewhere.
    private func search(
        _ offset: Offset, _ log: PartitionLog, _ segment: Segment
    ) async throws(StorageError) -> UInt64 {
        let survey = SegmentSurvey(
            segment.file, baseOffset: segment.baseOffset, limit: log.visibleSize(of: segment),
            before: log.end(of: segment))
        var lost: (first: Offset, damage: SegmentSurvey.Damage)?
        while true {
            switch try await survey.next() {
            case .damage(let damage): lost = lost ?? (survey.nextOffset, damage)
            case .batch(let batch):
                if batch.header.lastOffset >= offset {
                    guard let lost, offset < batch.header.baseOffset else { return batch.position }
                    throw .damaged(
                        noteDamage(
                            log, segment, lost.first..<batch.header.baseOffset,
                            at: lost.damage.position, lost.damage.reason))
                }
                lost = nil
            case .end:
                // Every offset below the high watermark is in a batch, so the segment is not what
                // it was.
                let first = lost?.first ?? survey.nextOffset
                throw .damaged(
                    noteDamage(
                        log, segment, first..<max(first, log.end(of: segment)),
                        at: lost?.damage.position ?? log.visibleSize(of: segment),
                        lost?.damage.reason ?? "no batch holds the offset"))
            }
        }
    }

    /// Which offsets are lost by the damage at the position: from the last batch before it to the
    /// next one that is whole.
    func damagedRange(
        _ log: PartitionLog, _ segment: Segment, at position: UInt64
    ) async throws(StorageError) -> DamagedRange {
        let end = log.end(of: segment)
        let survey = SegmentSurvey(
            segment.file, baseOffset: segment.baseOffset, limit: log.visibleSize(of: segment),
            before: end)
        var lost: (first: Offset, damage: SegmentSurvey.Damage)?
        while true {
            switch try await survey.next() {
            case .damage(let damage): lost = lost ?? (survey.nextOffset, damage)
            case .batch(let batch):
                if let lost, batch.position > position {
                    return noteDamage(
                        log, segment, lost.first..<batch.header.baseOffset,
                        at: lost.damage.position, lost.damage.reason)
                }
                lost = nil
            case .end:
                let first = lost?.first ?? survey.nextOffset
                return noteDamage(
                    log, segment, first..<max(first, end), at: lost?.damage.position ?? position,
                    lost?.damage.reason ?? "the segment is cut short")
            }
        }
    }

    /// Remembers the damage, so that no door serves it from now on.
    private func noteDamage(
        _ log: PartitionLog, _ segment: Segment, _ offsets: Range<Offset>, at position: UInt64,
        _ reason: String
    ) -> DamagedRange {
        let range = DamagedRange(
            partition: log.partition, first: offsets.lowerBound,
            last: offsets.upperBound.advanced(by: -1), file: segment.file.path, position: position,
            reason: reason)
        if !log.damage.contains(where: { $0.file == range.file && $0.position == position }) {
            log.damage.append(range)
            logger.error("damaged data; reads of it are refused", metadata: ["range": "\(range)"])
        }
        return range
    }
}
