internal import MillraceStorage

// Quotas are kept with the settings of the cluster, a setting each:
//
//     quota/user:ANONYMOUS/client-id/producer_byte_rate=1048576
//
// is for each client (no name) of a user. What is no letter, digit, `-`, `.` or `_` is written as %41.

extension QuotaEntity {
    private static let root = "quota"

    func settingName(_ key: QuotaKey) -> String {
        var name = Self.root
        for (type, part) in [("user", user), ("client-id", client)] {
            switch part {
            case .absent: break
            case .standard: name += "/\(type)"
            case .name(let text): name += "/\(type):\(Self.escaped(text))"
            }
        }
        return "\(name)/\(key.rawValue)"
    }

    /// The quotas among the settings.
    static func rates(in settings: [String: String]) -> [QuotaEntity: [QuotaKey: Double]] {
        var rates: [QuotaEntity: [QuotaKey: Double]] = [:]
        for (name, value) in settings {
            var parts = name.split(separator: "/")
            guard parts.first == root[...], let key = QuotaKey(rawValue: String(parts.removeLast())),
                let rate = Double(value), rate > 0
            else { continue }
            var entity = QuotaEntity()
            for part in parts.dropFirst() {
                let words = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let named = words.count == 2 ? Part.name(unescaped(words[1])) : .standard
                if words[0] == "user" { entity.user = named } else { entity.client = named }
            }
            rates[entity, default: [:]][key] = rate
        }
        return rates
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += byte < 16 ? "%0\(String(byte, radix: 16))" : "%\(String(byte, radix: 16))"
            }
        }
        return result
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension KafkaServices {
    /// Lets the quotas that are stored hold.
    func loadQuotas() {
        quotas.replace { QuotaEntity.rates(in: storage.brokerConfig.clusterDefault) }
    }
}
