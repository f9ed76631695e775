internal import MillraceShard
package import SystemPackage

/// What a disk is told to do wrong.
package struct DiskFault: Sendable {
    package enum Operation: Hashable, Sendable { case read, write, synchronize }

    package let operation: Operation
    /// Part of the path of the files it strikes.
    package let path: String
    /// How many operations it strikes.
    package var count: Int

    package init(_ operation: Operation, path: String = "", count: Int = 1) {
        self.operation = operation
        self.path = path
        self.count = count
    }
}

/// A disk that outlives the nodes that use it, and keeps live and durable bytes apart.
/// It belongs to its simulation's thread.
package final class SimulatedDisk: @unchecked Sendable {
    /// What an open file is called, and what it stands for.
    struct OpenFile {
        let inode: Inode
        let path: String
        let isDirect: Bool
    }

    private let root = Inode(isDirectory: true)
    /// Whether files are opened past the page cache, or refused with `EINVAL` as some file systems
    /// do.
    package var allowsDirect = true
    /// Bytes that fit on the disk.
    package var capacity = UInt64.max
    /// Operations that fail with `EIO`.
    package var faults: [DiskFault] = []
    /// Operations that a fault has struck.
    package private(set) var faultCount = 0

    package init() {}

    // MARK: Names

    private func components(_ path: FilePath) -> [String] {
        path.components.map(\.string)
    }

    func find(_ path: FilePath) throws(Errno) -> Inode {
        var inode = root
        for name in components(path) {
            guard inode.isDirectory else { throw .notDirectory }
            guard let next = inode.entries[name] else { throw .noSuchFileOrDirectory }
            inode = next
        }
        return inode
    }

    private func parent(of path: FilePath) throws(Errno) -> (Inode, String) {
        guard let name = path.lastComponent?.string else { throw .invalidArgument }
        let parent = try find(path.removingLastComponent())
        guard parent.isDirectory else { throw .notDirectory }
        return (parent, name)
    }

    private func change(_ directory: Inode, _ entries: [(name: String, inode: Inode?)]) {
        for (name, inode) in entries { directory.entries[name] = inode }
        directory.changes.append(entries)
    }

    func open(_ path: FilePath, _ access: FileAccess) throws(Errno) -> OpenFile {
        let inode: Inode
        var isDirect = false
        switch access {
        case .directory:
            inode = try find(path)
            guard inode.isDirectory else { throw .notDirectory }
        case .read, .readWrite:
            inode = try find(path)
            if inode.isDirectory, access == .readWrite { throw .isDirectory }
        case .create, .createDirect:
            isDirect = access == .createDirect
            if isDirect, !allowsDirect { throw .invalidArgument }
            let (parent, name) = try parent(of: path)
            if let found = parent.entries[name] {
                guard !found.isDirectory else { throw .isDirectory }
                inode = found
            } else {
                inode = Inode(isDirectory: false)
                change(parent, [(name, inode)])
            }
        }
        return OpenFile(inode: inode, path: path.string, isDirect: isDirect)
    }

    func rename(_ from: FilePath, to: FilePath) throws(Errno) {
        let (parent, name) = try parent(of: from)
        let (target, newName) = try self.parent(of: to)
        guard let inode = parent.entries[name] else { throw .noSuchFileOrDirectory }
        // Across directories it would be two changes, which no part of the storage asks for.
        guard target === parent else { throw .improperLink }
        if let other = parent.entries[newName], other.isDirectory {
            guard inode.isDirectory else { throw .isDirectory }
            guard other.entries.isEmpty else { throw .directoryNotEmpty }
        }
        guard name != newName else { return }
        change(parent, [(name, nil), (newName, inode)])
    }

    func remove(_ path: FilePath, directory: Bool) throws(Errno) {
        let (parent, name) = try parent(of: path)
        guard let inode = parent.entries[name] else { throw .noSuchFileOrDirectory }
        if inode.isDirectory {
            guard directory else { throw .isDirectory }
            guard inode.entries.isEmpty else { throw .directoryNotEmpty }
        } else if directory {
            throw .notDirectory
        }
        change(parent, [(name, nil)])
    }

    func makeDirectory(_ path: FilePath) throws(Errno) {
        guard !path.components.isEmpty else { return }
        let (parent, name) = try parent(of: path)
        if let found = parent.entries[name] {
            guard found.isDirectory else { throw .fileExists }
            return
        }
        change(parent, [(name, Inode(isDirectory: true))])
    }

    func list(_ path: FilePath) throws(Errno) -> [String] {
        let inode = try find(path)
        guard inode.isDirectory else { throw .notDirectory }
        return inode.entries.keys.sorted()
    }

    // MARK: Space and faults

    /// Takes space for a range, or refuses with `ENOSPC`.
    func reserve(_ inode: Inode, at offset: UInt64, count: UInt64) throws(Errno) {
        guard count > 0 else { throw .invalidArgument }
        let bound = UInt64(Inode.pageBytes)
        let range = (offset / bound)..<((offset &+ count &- 1) / bound + 1)
        if capacity < .max {
            guard used + inode.space.missing(range) * bound <= capacity else { throw .noSpace }
        }
        inode.space.insert(range)
    }

    /// Bytes that files take.
    package var used: UInt64 {
        allInodes().reduce(UInt64(0)) { $0 + $1.space.count } * UInt64(Inode.pageBytes)
    }

    func strikes(_ operation: DiskFault.Operation, _ file: OpenFile) -> Bool {
        guard
            let index = faults.firstIndex(where: {
                $0.operation == operation && $0.count > 0
                    && ($0.path.isEmpty || file.path.contains($0.path))
            })
        else { return false }
        faults[index].count -= 1
        faultCount += 1
        return true
    }

    /// Every inode that a name leads to, live or durable, in a repeatable order.
    func allInodes() -> [Inode] {
        var found: [Inode] = []
        var seen = Set<ObjectIdentifier>()
        func visit(_ inode: Inode) {
            guard seen.insert(ObjectIdentifier(inode)).inserted else { return }
            found.append(inode)
            let pending = inode.changes.flatMap { $0.compactMap(\.inode) }
            for name in inode.entries.keys.sorted() { inode.entries[name].map(visit) }
            for name in inode.durableEntries.keys.sorted() { inode.durableEntries[name].map(visit) }
            for inode in pending { visit(inode) }
        }
        visit(root)
        return found
    }

    // MARK: What a test does to it

    /// The power fails: of what was not synchronised, the seed decides what is left.
    package func powerCut(_ random: inout SeededRandom) {
        let mood = PowerCutMood(&random)
        for inode in allInodes() { inode.powerCut(mood, &random) }
    }

    /// The process ends, the machine goes on: everything written stays.
    func processEnded(_ owner: Int) {
        for inode in allInodes() where inode.lock?.owner == owner { inode.lock = nil }
    }

    /// Turns one stored bit over, live and durable.
    package func flipBit(of path: FilePath, at offset: UInt64, bit: Int) throws(Errno) {
        let inode = try find(path)
        guard offset < inode.liveSize else { throw .invalidArgument }
        let page = offset / UInt64(Inode.pageBytes)
        let index = Int(offset % UInt64(Inode.pageBytes))
        var live = inode.pages[page]?.live ?? [UInt8](repeating: 0, count: Inode.pageBytes)
        live[index] ^= 1 << (bit & 7)
        inode.pages[page] = Inode.Page(live: live, durable: live)
    }

    /// The names in a directory, for a test to look at.
    package func names(in path: FilePath) -> [String] { (try? list(path)) ?? [] }
}
