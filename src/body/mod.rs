//! Abstract interpretation of one method body, without context: control flow and the origins of values.
//! May import: vocabulary, classfile
