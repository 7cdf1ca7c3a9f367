/// How rules become a plan, and what the plan does beside deciding. All is off on a call's way: what is not in the plan costs nothing.
struct PlanOptions: Sendable {
  /// `print` calls stay in the plan; otherwise they are dropped, as OPA drops them.
  var keepsPrint = false
  /// The plan reports where it is: see `TracePoint`.
  var isObserved = false
  /// A builtin's error ends the evaluation: which of a rule's definitions could hold then shows.
  var endsOnErrors = false
  /// Unused names and deprecated builtins are mistakes.
  var isStrict = false
}

extension PlanOptions {
  init(_ options: PolicyEngine.Options) {
    self.init(
      keepsPrint: options.keepsPrint, isObserved: options.isObserved, endsOnErrors: options.strictBuiltinErrors,
      isStrict: options.strict)
  }
}
