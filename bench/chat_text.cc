#include "chat_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <string_view>

namespace chatload::bench {

namespace {

// Commoner words first: they are drawn more often.
constexpr std::string_view kWords[] = {
    "the",       "I",         "you",       "to",         "a",         "is",          "it",        "my",
    "and",       "order",     "for",       "can",        "in",        "on",          "not",       "that",
    "please",    "have",      "of",        "with",       "this",      "was",         "we",        "your",
    "but",       "me",        "will",      "do",         "be",        "are",         "hello",     "thanks",
    "help",      "when",      "just",      "so",         "how",       "what",        "if",        "no",
    "yes",       "there",     "from",      "account",    "any",       "delivery",    "get",       "see",
    "now",       "email",     "at",        "still",      "would",     "page",        "back",      "day",
    "time",      "sent",      "card",      "here",       "which",     "know",        "also",      "number",
    "one",       "need",      "out",       "payment",    "today",     "then",        "try",       "again",
    "could",     "change",    "address",   "same",       "because",   "refund",      "tomorrow",  "invoice",
    "product",   "password",  "website",   "problem",    "received",  "working",     "checking",  "moment",
    "sure",      "sorry",     "question",  "shipping",   "parcel",    "package",     "warehouse", "discount",
    "code",      "coupon",    "basket",    "cancel",     "return",    "exchange",    "size",      "colour",
    "available", "stock",     "store",     "phone",      "call",      "confirm",     "link",      "browser",
    "mobile",    "download",  "update",    "version",    "error",     "message",     "screen",    "button",
    "click",     "login",     "reset",     "register",   "profile",   "settings",    "monthly",   "annual",
    "plan",      "upgrade",   "trial",     "expired",    "renew",     "charged",     "twice",     "bank",
    "transfer",  "pending",   "approved",  "declined",   "billing",   "receipt",     "customer",  "service",
    "manager",   "colleague", "forward",   "department", "technical", "support",     "ticket",    "reference",
    "attached",  "picture",   "document",  "broken",     "missing",   "damaged",     "wrong",     "item",
    "replace",   "warranty",  "repair",    "manual",     "install",   "battery",     "charger",   "cable",
    "adapter",   "kitchen",   "garden",    "chair",      "table",     "lamp",        "jacket",    "trousers",
    "shoes",     "ticket",    "flight",    "hotel",      "booking",   "Monday",      "Tuesday",   "Wednesday",
    "Thursday",  "Friday",    "weekend",   "morning",    "afternoon", "evening",     "courier",   "tracking",
    "customs",   "insurance", "signature", "neighbour",  "pickup",    "locker",      "deadline",  "estimate",
    "quote",     "wholesale", "voucher",   "gift",       "wrapping",  "newsletter",  "subscribe", "privacy",
    "policy",    "delete",    "export",    "archive",    "webhook",   "integration", "calendar",  "schedule",
};

// Raw UTF-8 and its number of characters.
struct Foreign {
  std::string_view bytes;
  std::size_t characters;
};
constexpr Foreign kForeign[] = {
    {"😀", 1},          {"👍", 1},          {"🚚", 1},        {"🇩🇪", 2},       {"👩‍💻", 3},
    {"ありがとう", 5}, {"こんにちは", 5}, {"请问订单", 4}, {"发货了吗", 4}, {"감사합니다", 5},
    {"größe", 5},      {"café", 4},       {"спасибо", 7},  {"naïve", 5},    {"€49.90", 6},
};

// JSON escapes and the number of characters that they stand for.
constexpr Foreign kEscaped[] = {
    {"\\n", 1},    {"\\\"ok\\\"", 4}, {"\\u00e9t\\u00e9", 3}, {"\\ud83d\\ude00", 1}, {"C:\\\\tmp", 6},
    {"24\\/7", 4}, {"\\t", 1},        {"\\uD83D\\uDE9A", 1},  {"\\u4f60\\u597d", 2}, {"\\b\\f\\r", 3},
};

constexpr std::size_t kCharactersStop = 225;  // the longest word, its space and a foreign bit still fit into 255

// Early words more often than late ones.
std::string_view word(SplitMix64& random) {
  const std::uint64_t common = random.once_in(5) ? std::size(kWords) / 4 : std::size(kWords);
  return kWords[random.below(common)];
}

}  // namespace

void append_message_text(SplitMix64& random, std::string& out) {
  const std::uint64_t words = 3 + random.below(24);
  const bool is_seasoned = random.once_in(6);
  std::size_t characters = 0;
  for (std::uint64_t i = 0; i < words && characters < kCharactersStop; ++i) {
    if (i > 0) {
      out += ' ';
      ++characters;
    }
    if (is_seasoned && random.once_in(8)) {
      const Foreign& bit =
          random.once_in(3) ? kEscaped[random.below(std::size(kEscaped))] : kForeign[random.below(std::size(kForeign))];
      out += bit.bytes;
      characters += bit.characters;
    } else {
      const std::string_view next = word(random);
      out += next;
      characters += next.size();
    }
  }
  out += ".?!"[random.below(3)];
}

void append_page(SplitMix64& random, std::string& out) {
  out += "https://www.shop";
  out += static_cast<char>('0' + random.below(10));
  out += ".example/";
  out += word(random);
  out += '/';
  out += fmt::format_int(random.below(1'000'000)).c_str();
}

}  // namespace chatload::bench
