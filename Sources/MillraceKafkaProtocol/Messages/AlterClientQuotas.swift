// Key 49, versions 0 to 1, flexible from 1.
package struct AlterClientQuotasRequest: RequestMessage {
    package static let api = API.alterClientQuotas
    package typealias Response = AlterClientQuotasResponse

    package var entries: [EntryData] = []
    package var validateOnly = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&entries)
        try visitor.field(&validateOnly)
        try visitor.end()
    }

    package struct EntryData: WireStruct {
        package var entity: [EntityData] = []
        package var ops: [OpData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&entity)
            try visitor.field(&ops)
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

    package struct OpData: WireStruct {
        package var key = ""
        package var value: Double = 0.0
        package var remove = false

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&key)
            try visitor.field(&value)
            try visitor.field(&remove)
            try visitor.end()
        }
    }
}

package struct AlterClientQuotasResponse: ResponseMessage {
    package static let api = API.alterClientQuotas

    package var throttleTimeMs: Int32 = 0
    package var entries: [EntryData] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&entries)
        try visitor.end()
    }

    package struct EntryData: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""
        package var entity: [EntityData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&entity)
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
}
