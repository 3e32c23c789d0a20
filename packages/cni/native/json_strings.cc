#include "json_strings.h"

#include <cstddef>

namespace evio::cni {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::optional<char> unescaped(char c) {
  switch (c) {
    case '"': case '\\': case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return std::nullopt;
  }
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void step() { ++at_; }

  void skip_space() {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) step();
  }

  // Reads a string; the position is at its first quote. False at the end of the text. `value` is
  // empty when there is an escape that is not decoded here.
  bool string(std::optional<std::string>& value) {
    std::string decoded;
    bool known = true;
    for (step(); !at_end(); step()) {
      char c = peek();
      if (c == '"') {
        step();
        value = known ? std::optional(std::move(decoded)) : std::nullopt;
        return true;
      }
      if (c == '\\') {
        step();
        if (at_end()) return false;
        if (auto plain = unescaped(peek())) decoded += *plain;
        else known = false;
      } else {
        decoded += c;
      }
    }
    return false;
  }

  // Passes over a value, to the comma or bracket that ends it. False at the end of the text.
  bool skip_value() {
    std::size_t depth = 0;
    while (!at_end()) {
      char c = peek();
      if (c == '"') {
        std::optional<std::string> ignored;
        if (!string(ignored)) return false;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}')) return true;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) return false;
        --depth;
      }
      step();
    }
    return false;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string> top_level_string(std::string_view json, std::string_view key) {
  Scanner scan(json);
  std::optional<std::string> found;
  scan.skip_space();
  if (scan.peek() != '{') return std::nullopt;
  scan.step();
  for (;;) {
    scan.skip_space();
    if (scan.peek() != '"') return found;
    std::optional<std::string> name;
    if (!scan.string(name)) return found;
    scan.skip_space();
    if (scan.peek() != ':') return found;
    scan.step();
    scan.skip_space();
    std::optional<std::string> value;
    if (scan.peek() == '"' && !scan.string(value)) return found;
    if (!scan.skip_value()) return found;
    if (name && same_word(*name, key)) found = std::move(value);
    if (scan.peek() != ',') return found;
    scan.step();
  }
}

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c >= ' ' && c <= '~' ? c : '?';
  }
  return quoted + '"';
}

}  // namespace evio::cni
