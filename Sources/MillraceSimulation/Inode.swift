internal import Glibc
internal import MillraceShard

/// A file or directory of a simulated disk: what programs see, and what power loss would leave,
/// apart.
///
/// A page without bytes is a page of zeros. `unsynced` names the pages whose live and durable bytes
/// may differ, and whether a sync would still write them: after a failed sync the kernel takes them
/// for clean, though they are not.
final class Inode {
    static let pageBytes = 4096

    struct Page {
        var live: [UInt8]?
        var durable: [UInt8]?
        /// Which change of the file each of them is from: of two syncs under way the older never
        /// undoes the newer.
        var liveVersion: UInt64 = 0
        var durableVersion: UInt64 = 0
    }

    let isDirectory: Bool
    var pages: [UInt64: Page] = [:]
    private var version: UInt64 = 0
    var unsynced: [UInt64: Bool] = [:]
    var liveSize: UInt64 = 0
    var durableSize: UInt64 = 0
    /// The smallest size the file was cut to since the last sync.
    var cutTo: UInt64?
    var space = PageRanges()
    /// Which node's process holds the lock, and by which of its open files.
    var lock: (owner: Int, handle: Handle)?

    var entries: [String: Inode] = [:]
    var durableEntries: [String: Inode] = [:]
    /// Changes of entries that no sync has covered, in order; each is atomic.
    var changes: [[(name: String, inode: Inode?)]] = []
    var changesCovered = 0

    init(isDirectory: Bool) { self.isDirectory = isDirectory }

    // MARK: Bytes

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
        guard offset < liveSize else { return 0 }
        let count = Int(min(UInt64(bytes.count), liveSize - offset))
        Self.forEachPage(offset, count) { page, first, range in
            let target = UnsafeMutableRawBufferPointer(rebasing: bytes[range])
            if let live = pages[page]?.live {
                live.withUnsafeBytes {
                    target.copyMemory(from: .init(rebasing: $0[first..<(first + range.count)]))
                }
            } else {
                target.initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64, durable: Bool) {
        guard !bytes.isEmpty else { return }
        version += 1
        Self.forEachPage(offset, bytes.count) { page, first, range in
            let source = UnsafeRawBufferPointer(rebasing: bytes[range])
            var entry = pages[page] ?? Page()
            var live = entry.live ?? [UInt8](repeating: 0, count: Self.pageBytes)
            live.withUnsafeMutableBytes {
                UnsafeMutableRawBufferPointer(rebasing: $0[first..<(first + range.count)])
                    .copyMemory(from: source)
            }
            entry.live = Self.isZero(live) ? nil : live
            entry.liveVersion = version
            if durable {
                entry.durable = entry.live
                entry.durableVersion = version
            }
            unsynced[page] = durable ? nil : true
            pages[page] = entry
        }
        let end = offset + UInt64(bytes.count)
        liveSize = max(liveSize, end)
        if durable { durableSize = max(durableSize, end) }
        let last = (end - 1) / UInt64(Self.pageBytes)
        space.insert((offset / UInt64(Self.pageBytes))..<(last + 1))
    }

    private static func isZero(_ page: [UInt8]) -> Bool {
        page.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, bytes[0] == 0 else { return false }
            return memcmp(base, base + 1, bytes.count - 1) == 0
        }
    }

    func truncate(to size: UInt64) {
        defer { liveSize = size }
        guard size < liveSize else { return }
        cutTo = min(cutTo ?? size, size)
        version += 1
        let bound = UInt64(Self.pageBytes)
        let firstGone = (size + bound - 1) / bound
        for page in pages.keys.sorted() where page >= firstGone {
            pages[page]?.live = nil
            pages[page]?.liveVersion = version
            unsynced[page] = true
        }
        let kept = Int(size % bound)
        if kept > 0, var live = pages[size / bound]?.live {
            for index in kept..<Self.pageBytes { live[index] = 0 }
            pages[size / bound]?.live = live
            pages[size / bound]?.liveVersion = version
            unsynced[size / bound] = true
        }
        space.remove(from: firstGone)
    }

    private static func forEachPage(
        _ offset: UInt64, _ count: Int, _ body: (UInt64, Int, Range<Int>) -> Void
    ) {
        var done = 0
        while done < count {
            let position = offset + UInt64(done)
            let first = Int(position % UInt64(pageBytes))
            let part = min(pageBytes - first, count - done)
            body(position / UInt64(pageBytes), first, done..<(done + part))
            done += part
        }
    }

    // MARK: Synchronising

    /// What a sync that begins now promises to make durable.
    struct Snapshot {
        let pages: [(number: UInt64, page: Page)]
        let size: UInt64
        let cutTo: UInt64?
        /// How many changes of entries it covers, since the directory was made.
        let changeEnd: Int
    }

    func snapshot() -> Snapshot {
        let dirty = unsynced.filter(\.value).keys.sorted()
        return Snapshot(
            pages: dirty.map { ($0, pages[$0] ?? Page()) }, size: liveSize, cutTo: cutTo,
            changeEnd: changesCovered + changes.count)
    }

    /// The sync that began with the snapshot has succeeded.
    func commit(_ snapshot: Snapshot) {
        if snapshot.cutTo != nil {
            durableSize = min(durableSize, snapshot.size)
            if cutTo == snapshot.cutTo { cutTo = nil }
        }
        for (number, page) in snapshot.pages {
            guard var entry = pages[number], entry.durableVersion < page.liveVersion else { continue }
            entry.durable = page.live
            entry.durableVersion = page.liveVersion
            if entry.liveVersion == page.liveVersion { unsynced[number] = nil }
            pages[number] = entry
        }
        durableSize = max(durableSize, snapshot.size)
        // Another sync that ended meanwhile may have covered some of them.
        let count = max(0, snapshot.changeEnd - changesCovered)
        for change in changes.prefix(count) { applyDurably(change) }
        changes.removeFirst(count)
        changesCovered += count
    }

    /// The sync failed: nothing is durable, and a later sync does not try these pages again.
    func fail(_ snapshot: Snapshot) {
        for (number, _) in snapshot.pages where unsynced[number] != nil { unsynced[number] = false }
    }

    func applyDurably(_ change: [(name: String, inode: Inode?)]) {
        for (name, inode) in change { durableEntries[name] = inode }
    }
}
