internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
internal import MillraceShard

// What a topic demands of a batch beyond its being whole: times near the log's clock, or the log's
// own; and one codec for all.

extension StorageShard {
    /// Checks the times of a batch and gives it the form that its topic keeps. With Kafka's defaults
    /// that is a comparison, and the bytes stay as they came.
    func fit(
        _ batch: inout ByteSlice, _ header: inout RecordBatchHeader, to log: PartitionLog
    ) throws(StorageError) {
        let settings = log.settings
        let isStamped = header.timestampType == .logAppend
        if !settings.usesLogAppendTime { try checkTimes(batch, header, of: log) }
        if let codec = settings.compression, codec != header.codec {
            do throws(RecordsError) {
                batch = try batch.withBytes { bytes throws(RecordsError) in
                    try RecordBatch.recompress(bytes, &header, as: codec)
                }
            } catch {
                throw .invalidBatch(log.partition, error)
            }
            guard batch.count <= settings.messageBytesMax else {
                throw .batchTooLarge(
                    log.partition, bytes: batch.count, limit: settings.messageBytesMax)
            }
        }
        // The log alone says which times are its own.
        if settings.usesLogAppendTime || isStamped {
            RecordBatch.stamp(
                settings.usesLogAppendTime ? shard.wallClock : nil, &header,
                in: UnsafeMutableRawBufferPointer(
                    start: batch.owner.pointer + batch.offset, count: batch.count))
        }
    }

    private func checkTimes(
        _ batch: ByteSlice, _ header: RecordBatchHeader, of log: PartitionLog
    ) throws(StorageError) {
        let now = shard.wallClock
        if let limit = log.settings.timestampAfterMax, header.maxTimestamp > now,
            .milliseconds(header.maxTimestamp.milliseconds &- now.milliseconds) > limit
        {
            throw .invalidTimestamp(
                log.partition, header.maxTimestamp, now: now, limit: .timestampAfterMaxMilliseconds)
        }
        guard let limit = log.settings.timestampBeforeMax else { return }
        let earliest: Timestamp?
        do throws(RecordsError) {
            earliest = try Self.earliestTime(in: batch)
        } catch {
            throw .invalidBatch(log.partition, error)
        }
        if let earliest, earliest < now,
            .milliseconds(now.milliseconds &- earliest.milliseconds) > limit
        {
            throw .invalidTimestamp(
                log.partition, earliest, now: now, limit: .timestampBeforeMaxMilliseconds)
        }
    }

    /// The earliest time of a batch's records, which the header does not tell; those without one
    /// left out.
    private static func earliestTime(in batch: ByteSlice) throws(RecordsError) -> Timestamp? {
        var records = try RecordBatchView(batch).makeRecordIterator()
        var earliest: Timestamp?
        while let record = try records.next() {
            guard record.timestamp != .none else { continue }
            earliest = min(earliest ?? record.timestamp, record.timestamp)
        }
        return earliest
    }
}
