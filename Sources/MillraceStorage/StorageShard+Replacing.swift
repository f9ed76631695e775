internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

// How a cleaned segment takes the place of those it was made from, so that a crash at any step leaves the old ones or
// the new one.
//
//     1  BASE.log.cleaned is written and synchronised          a crash from here on: it is removed
//     2  BASE.log.cleaned becomes BASE.log.swap                from here on: what follows is done again
//     3  the segments it stands for are removed, but the first; and the first one's indexes
//     4  BASE.log.swap becomes BASE.log, over the first
//     5  the index is written
//
// The directory is synchronised after 2, 3 and 4. Whoever reads an old segment has its file open and goes on.

extension StorageShard {
    func replace(
        _ old: [Segment], with cleaned: Segment, in log: PartitionLog
    ) async throws(StorageError) {
        // Retention may have been here meanwhile, and what it has let go is not worth keeping.
        guard !log.isClosed, let first = log.segments.first(where: { $0 === old[0] }) else {
            throw .unknownPartition(log.partition)
        }
        log.cleaning.isReplacing = true
        defer {
            log.cleaning.isReplacing = false
            log.cleaning.replaced.notifyAll()
        }
        let base = first.baseOffset
        let path = Segment.path(log.directory, base, LogFiles.log)
        let swap = FilePath("\(path)\(LogFiles.swap)")
        try await io("renaming", cleaned.file.path) { () throws(Errno) in
            try await shard.rename(cleaned.file.path, to: swap)
            try await shard.synchronize(directory: log.directory)
        }
        try await finishSwap(
            base, old.dropFirst().map(\.baseOffset), in: log.directory)
        let file = try await io("opening", path) { () throws(Errno) in
            try await File.open(path, .readWrite, on: shard)
        }
        cleaned.renamed(to: file)
        log.replace(old, with: cleaned)
        do throws(StorageError) {
            try await cleaned.writeIndex(on: shard)
        } catch {
            logger.warning("the index of a segment was not written", metadata: [
                "partition": "\(log.partition)", "error": "\(error)",
            ])
        }
    }

    /// Waits until no segments of the log are being exchanged.
    func waitForReplacing(_ log: PartitionLog) async throws(StorageError) {
        do throws(Errno) {
            while log.cleaning.isReplacing {
                try await log.cleaning.replaced.wait(after: log.cleaning.replaced.notices)
            }
        } catch {
            throw .closed
        }
    }

    /// Steps 3 and 4.
    private func finishSwap(
        _ base: Offset, _ others: [Offset], in directory: FilePath
    ) async throws(StorageError) {
        let path = Segment.path(directory, base, LogFiles.log)
        for other in others {
            await removeIndexes(directory, other)
            let path = Segment.path(directory, other, LogFiles.log)
            try await io("removing", path) { () throws(Errno) in try await shard.remove(path) }
        }
        // An index of the old segment would fit the new one well enough to be believed.
        await removeIndexes(directory, base)
        try await io("renaming", path) { () throws(Errno) in
            try await shard.synchronize(directory: directory)
            try await shard.rename(FilePath("\(path)\(LogFiles.swap)"), to: path)
            try await shard.synchronize(directory: directory)
        }
    }

    /// Of a transaction that was aborted and ended in the segment there are no records any more: they lay before its
    /// end, and all before has been cleaned in the same round. Whoever was told of it would wait for an end that may be
    /// gone, too, and leave out what its producer has committed since.
    private func removeIndexes(_ directory: FilePath, _ base: Offset) async {
        await Segment.removeIndex(directory, base, on: shard)
        try? await shard.remove(Segment.path(directory, base, LogFiles.transactionIndex))
    }

    // MARK: After a crash

    /// Removes cleaned segments that were not finished, and puts those that were in their place.
    func finishReplacing(in directory: FilePath) async throws(StorageError) {
        let names = try await io("listing", directory) { () throws(Errno) in
            try shard.device.list(directory)
        }
        for name in names where LogFiles.baseOffset(name, LogFiles.log + LogFiles.cleaned) != nil {
            let path = directory.appending(name)
            try await io("removing", path) { () throws(Errno) in try await shard.remove(path) }
        }
        let bases = names.compactMap { LogFiles.baseOffset($0, LogFiles.log) }
        for name in names {
            guard let base = LogFiles.baseOffset(name, LogFiles.log + LogFiles.swap) else { continue }
            let end = try await Self.end(ofSwap: directory.appending(name), base, on: shard)
            try await finishSwap(
                base, bases.filter { $0 > base && $0 < end }, in: directory)
            logger.notice("a compaction that was cut off has been finished", metadata: [
                "directory": "\(directory)", "segment": "\(base)",
            ])
        }
    }

    /// One past the last offset of a cleaned segment, which is that of the last segment it was made from.
    static func end(
        ofSwap path: FilePath, _ base: Offset, on shard: Shard
    ) async throws(StorageError) -> Offset {
        let (file, size) = try await io("opening", path) { () throws(Errno) in
            let file = try await File.open(path, .read, on: shard)
            return (file, try file.size())
        }
        let survey = SegmentSurvey(file, baseOffset: base, limit: size)
        while true {
            if case .end = try await survey.next() { return survey.nextOffset }
        }
    }
}
