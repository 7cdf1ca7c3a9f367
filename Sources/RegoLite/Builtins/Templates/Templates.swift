extension Builtins {
  /// `strings.render_template`.
  enum Templates {
    static let rows: [Builtin] = [
      Builtin("strings.render_template", [.string, .object(of: .anything)], .string) {
        arguments, context throws(BuiltinError) in
        let text = try arguments.text(1)
        let variables = try arguments.object(2)
        try context.charge(bytes: text.utf8.count * 8)
        let template = try TextTemplate(text)
        return .string(Text(try TemplateRun.text(of: template, .object(variables), &context)))
      }
    ]
  }
}
