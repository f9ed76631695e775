// Key 48, versions 0 to 1, flexible from 1.
package struct DescribeClientQuotasRequest: RequestMessage {
    package static let api = API.describeClientQuotas
    package typealias Response = DescribeClientQuotasResponse

    package var components: [ComponentData] = []
    package var strict = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&components)
        try visitor.field(&strict)
        try visitor.end()
    }

    package struct ComponentData: WireStruct {
        package var entityType = ""
        package var matchType: Int8 = 0
        package var match: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&entityType)
            try visitor.field(&matchType)
            try visitor.field(&match)
            try visitor.end()
        }
    }
}

package struct DescribeClientQuotasResponse: ResponseMessage {
    package static let api = API.describeClientQuotas

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var entries: [EntryData]? = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&entries)
        try visitor.end()
    }

    package struct EntryData: WireStruct {
        package var entity: [EntityData] = []
        package var values: [ValueData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&entity)
            try visitor.field(&values)
            try visitor.end()
        }
    }

    package struct EntityData: WireStruct {
        package var entityType = ""
        package var entityName: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&entityType)
            try visitor.field(&entityName)
            try visitor.end()
        }
    }

    package struct ValueData: WireStruct {
        package var key = ""
        package var value: Double = 0.0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&key)
            try visitor.field(&value)
            try visitor.end()
        }
    }
}
