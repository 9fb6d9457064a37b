// SPDX-License-Identifier: Apache-2.0
// The documents' forms in one line each: `name:type`, type text when left out; `?` after the type: may be null; `!` after
// the name: required; [X]: array of X; a capital letter: another schema; a|b: one of these words.
#include <algorithm>
#include <array>
#include <vector>

#include "serve/openapi.h"

namespace cityloop::serve {
namespace {

struct Schema {
  std::string_view name, members;
};

constexpr auto kSchemas = std::to_array<Schema>({
    {"PublicClass", "key! title_zh! title_en!"},
    {"PublicKind", "name! title_zh! title_en!"},
    {"PublicOffer", "city! classes!:[PublicClass] places!:[PublicKind]"},
    {"PublicDistrict", "code! name! name_en rings!:[any]"},
    {"PublicNearby", "radius_m!:number items!:[object]"},
    {"PublicPlace", "id! name! area location:Point? gcj02:[number] distance_m:number? facts:[object]"},
    {"PublicPhoto", "id!"},
    {"PublicReport", "class text location:Point? address area attachments:[text] phone"},
    {"PublicFiled", "report! case:text? state! key! expected_at:time?"},
    {"PublicFollow",
     "report! case:text? title text address class_zh class_en area reported_at:time before:[text] expected_at:time? progress! stage "
     "unit:text? people:int reopened:int steps!:[object] events!:[object] after:[text] may!:object stars:text?"},
    {"PublicUnsolved", "reason! attachments:[text]"},
    {"PublicRating", "stars!:int comment"},
    {"PublicPerson", "phone:text?"},
    {"DeviceCommandNew", "command! arguments:object reason expires_in_s:int"},
    {"DeviceCommand",
     "id! asset! area command! arguments:object reason by state!:waiting|delivered|done|failed|refused|expired "
     "detail:text? at:time expires_at:time delivered_at:time? answered_at:time?"},
    {"Problem", "type! title! status!:int code! detail"},
    {"Status", "status"},
    {"Done", "status"},
    {"Point", "type!:Point coordinates!:[number]"},
    {"Offer", "name! enabled!:bool fields:[text] required:[text] why_not code"},
    {"Class", "scheme type:component|event|monitoring code!"},
    {"SignIn", "name! password! wall:bool"},
    {"PasswordChange", "old! new!"},
    {"PasswordSet", "password!"},
    {"SessionUser", "name! person roles!:[text] area unit"},
    {"Session",
     "csrf! user!:SessionUser expires_at!:time? idle_seconds!:int wall:bool must_change:bool demo:bool version"},
    {"Ticket", "ticket! expires_at!:time"},
    {"Changes", "epoch! seq!:int reset:text? events!:[object]"},
    {"Indicator",
     "name! title_zh title_en unit value:number? numerator:int denominator:int as_of:time definition_zh definition_en"},
    {"Area", "code! name! name_en parent:text?"},
    {"Kind", "name! title_zh title_en symbol layer"},
    {"RuleLevel", "level!:blue|yellow|orange|red expr! for"},
    {"Rule", "alert! kind title_zh title_en advice_zh advice_en levels:[RuleLevel]"},
    {"Pack", "name! version title_zh title_en kinds:[Kind] rules:[Rule]"},
    {"Rate", "n:number d:number value:number?"},
    {"ScoreTotal", "value:number? grade:text? before:number? rank:int? rank_before:int?"},
    {"Score", "object! id! name! parent:text? total:bool score:ScoreTotal counts:object rates:object corrections:object?"},
    {"ScoreIndicator",
     "id! title_zh! title_en! definition_zh definition_en numerator! denominator! weight:number good:high|low objects:[text]"},
    {"ScoreTable",
     "object! area! area_name period! kind! from! to! before! running:bool snapshot! locked:ScoreLocked? formulas! formulas_version! "
     "indicators:[ScoreIndicator] items:[Score]"},
    {"ScoreFact",
     "case! kind! day! area unit:text? unit_name:text? post:text? class:text? source:text? sign:int correction:bool title:text? "
     "stage:text?"},
    {"ScoreLocked", "by! by_name at!:time"},
    {"ScoreLock", "period! locked_by! locked_at!:time formulas version source"},
    {"ScoreReportPut", "title! text! snapshot!"},
    {"ScoreReport",
     "id! kind!:daily|monthly|analysis period! area! title! text! snapshot! state!:draft|signed written_by written_by_name written_at:time "
     "signed_by:text? signed_by_name:text? signed_at:time? rev!:int"},
    {"FormulasPut", "version! grades!:object indicators!:[object]"},
    {"Formulas", "name! version! indicators:int shipped:bool changed_by changed_at:time rev:int source!"},
    {"SilenceDoc", "until:time reason by"},
    {"Silence", "until!:time reason!"},
    {"AssetPut",
     "id kind! name! location:Point? attributes:object component_code:text? area life:in_use|maintenance|retired "
     "owner_unit:text? keeper_unit:text? source:text?"},
    {"Asset",
     "id! kind! name! location:Point? area attributes:object component_code:text? life:in_use|maintenance|retired "
     "silence:SilenceDoc? owner_unit:text? keeper_unit:text? source:text? slot:int rev:int"},
    {"PointSpec",
     "name! title_zh title_en unit interval_s:number decimals:int least:number? most:number? derived:bool"},
    {"AttributeSpec", "name! title_zh title_en type unit required:bool"},
    {"AssetCard",
     "id! kind! name! location:Point? area attributes:object component_code:text? life silence:SilenceDoc? "
     "owner_unit:text? "
     "keeper_unit:text? source:text? slot:int rev:int kind_title_zh kind_title_en points:[PointSpec] "
     "attributes_spec:[AttributeSpec] state:State open_case:text? alarms:[text]"},
    {"Nearby", "asset!:Asset distance_m!:number"},
    {"ImportResult", "created!:int updated!:int errors!:[object]"},
    {"State", "asset! kind! level!:none|blue|yellow|orange|red values!:object"},
    {"Points", "turn:int kinds!:[text] rows!:[any] complete:bool"},
    {"HistoryItem", "at:time value:number quality from:time min:number max:number avg:number sum:number count:int"},
    {"Aggregate", "group! from!:time min:number max:number avg:number sum:number count:int"},
    {"IngestResult", "accepted:int duplicate:int corrected:int quarantined:[object]"},
    {"Record", "id! asset! kind! at:time arrival:time fields:object evidence:[text]"},
    {"Alarm",
     "id! state!:pending|firing|cleared level!:none|blue|yellow|orange|red peak acknowledged!:bool "
     "acknowledged_by:text? "
     "acknowledged_at:time? rule! asset! asset_name kind area location:Point? raised_at!:time cleared_at:time? "
     "changed_at:time "
     "arrival:time point value:number unit title_zh title_en case:text? drill:bool false_alarm:bool "
     "shelved_until:time? "
     "note:text? inhibited_by:text? actions:[Offer]"},
    {"Why",
     "alarm! rule! pack_version expr level evaluated_at:time rule_text attributes:object samples:[object] "
     "steps:[object]"},
    {"AlarmAction",
     "action!:acknowledge|shelve|unshelve|false_alarm|open_case|notify|link reason until:time case receiver"},
    {"AlarmTest", "asset! rule! level!:blue|yellow|orange|red"},
    {"ReportNew",
     "title! text location:Point? address class:Class asset area source reporter:Person attachments:[text] at:time "
     "urgency"},
    {"ReportPlace", "location:Point? area asset address"},
    {"Person", "name:text? phone:text? masked:bool"},
    {"Report",
     "id! state!:waiting|placeless|filed|merged|rejected case:text? source class:Class title text location:Point? area "
     "address "
     "asset:text? reporter:Person? attachments:[text] at:time received_at:time external:text? status_external:text?"},
    {"Caller", "phone!"},
    {"RepeatPoint", "class! location!:Point area address title reports!:int first_at:time last_at:time cases:[text]"},
    {"CaseNumbers", "cases!:[text]"},
    {"BulkRefusal", "code why_not cases!:[text]"},
    {"BulkOffer", "name! fields:[text] required:[text] can!:[text] cannot:[BulkRefusal]"},
    {"BulkOffers", "items!:[BulkOffer] unread!:[text]"},
    {"BulkAction", "action! cases!:[object]"},
    {"BulkResult", "items!:[object]"},
    {"ShiftNote", "note to:text"},
    {"Shift",
     "id! area! state!:waiting|taken|withdrawn giver! giver_name at!:time note to:text? taker:text? taker_name:text? ended_at:time? "
     "taker_note rev!:int open:object"},
    {"Reason", "reason!"},
    {"Clock",
     "stage! started:time deadline:time? limit note:text? stopped:time? paused:bool reminded:int working:bool "
     "due_soon:bool overdue:bool"},
    {"Deadline", "stage! at:time? paused:bool limit working:bool due_soon:bool overdue:bool note"},
    {"CalendarPut", "version! title:object hours!:[text] weekend!:[text] years!:object"},
    {"Calendar",
     "name! version title_zh title_en hours!:[object] weekend!:[text] days!:[object] years!:[object] known_from! "
     "known_until! "
     "utc_offset_minutes!:int shipped:bool changed_by changed_at:time source rev:int"},
    {"Candidate", "unit! score:number because"},
    {"CaseNew",
     "title! class!:Class standard location:Point? address asset area urgency:normal|urgent|very_urgent comment"},
    {"ClassCondition", "id! filing! closing limit! limit_b limit_c from until"},
    {"ClassStandard",
     "key! scheme! type!:component|event|monitoring code! name! name_en duty local:bool radius_m:number hours:int note "
     "conditions!:[ClassCondition]"},
    {"Case",
     "no! stage! class:Class urgency title area area_name:text? address location:Point? asset:text? asset_name:text? "
     "class_name:text? alarms:[text] "
     "reports:[text] unit:text? unit_name:text? handler:text? handler_name:text? deadline:Deadline? clocks:[Clock] "
     "candidates:[Candidate] opened_at:time dispatched_at:time? finished_at:time? closed_at:time? changed_at:time "
     "level returns:int distance_m:number report_docs:[Report] "
     "reworks:int proof:bool agreed:bool limit returned_from:text? merged_into:text? course:Course pack origin rev!:int "
     "actions:[Offer]"},
    {"Course",
     "request:CaseRequest? extensions:int first_limit:text? suspended_until:time? back_to supervisions:[Supervision] "
     "appeal:Appeal? exempt:bool satisfaction:text? standard:text? grade:text? look_back:text? settled:text? reopens:int parent:text? "
     "children:[text]"},
    {"CaseRequest", "kind!:extension|suspension by reason at:time until:time? endorsed:bool"},
    {"Supervision",
     "kind!:timeout|leader|important by by_name requirement at:time due:time? replied_at:time? reply "
     "concluded_at:time? escalated:bool"},
    {"Appeal", "by reason at:time state!:dispatcher|acceptor|upheld|refused"},
    {"CaseWhole",
     "no! stage! rev!:int actions!:[Offer] timeline!:[TimelineEntry] orders!:[Order] alarm_docs!:[Alarm] "
     "report_docs!:[Report] references!:[Reference]"},
    {"Reference", "system! number! case! area by at!:time"},
    {"ReferencePut", "number!"},
    {"TimelineEntry",
     "case seq!:int at!:time actor actor_name action! from to comment fields:object attachments:[text]"},
    {"CaseAction",
     "action! comment unit handler collector reason into result attachments:[text] location:Point? class:Class "
     "urgency title until:time due:time kind requirement satisfaction look_back standard grade done_at:time accuracy_m:number"},
    {"Order",
     "id! kind:handle|verify|check case! unit handler:text? area state! sent_at:time accepted_at:time? arrived_at:time? finished_at:time? "
     "arrived_location:Point? attachments:[text] case_title case_stage case_rev:int deadline:time? limit working:bool "
     "location:Point? address level asset:text? urgency"},
    {"Attachment", "id! type! bytes!:int url! at:time by taken_place:Point? taken_at:time?"},
    {"Source", "name! title:object transport state health:object spec:object"},
    {"SourcePut", "transport"},
    {"Unit", "id! name! area duties:[text] phone enabled:bool"},
    {"UnitPut", "name! area duties:[text] phone enabled:bool"},
    {"PersonRow", "id! name! person roles:[text] area unit"},
    {"Notice",
     "id! subject! type! channel target area data:any state! created_at:time attempts:int next_attempt:time? "
     "last_error:text? sent_at:time? level step:int held_until:time? give_up_at:time delivered_at:time? read_at:time? "
     "receipt_by:text?"},
    {"NoticeReceipt", "state!:delivered|read|failed detail"},
    {"NoticePreview", "receiver! channel! target language:zh|en title! text!"},
    {"SecretName", "env file"},
    {"QuietHours", "below:blue|yellow|orange|red from! to!"},
    {"Escalation", "step!:int after!"},
    {"MailServer", "server! user from! name tls:required|if_offered"},
    {"SmsGateway", "method:POST|GET|PUT url! type headers:object body ok:object most:int"},
    {"Receiver",
     "name! channel!:webhook|smtp|wecom|dingtalk|sms target! url area types:[text] at_least:blue|yellow|orange|red "
     "language:zh|en quiet:[QuietHours] give_up_after escalation:Escalation secret:SecretName token:SecretName ca_file "
     "mail:MailServer sms:SmsGateway"},
    {"ReceiverPut",
     "channel:webhook|smtp|wecom|dingtalk|sms target url area types:[text] at_least:blue|yellow|orange|red "
     "language:zh|en quiet:[QuietHours] give_up_after escalation:Escalation secret:SecretName token:SecretName "
     "mail:MailServer sms:SmsGateway"},
    {"QuarantineItem",
     "id! at:time principal source:text? asset:text? point:text? code! detail payload "
     "state!:waiting|reingested|dropped"},
    {"Ids", "ids!:[text]"},
    {"User", "name! person roles!:[text] area unit enabled:bool must_change:bool has_password:bool rev:int"},
    {"UserPut", "person roles:[text] area unit password enabled:bool must_change:bool"},
    {"Token", "id! name! role! area unit enabled:bool created_at:time expires_at:time?"},
    {"Partner",
     "id! name! role! area unit enabled:bool created_at:time expires_at:time? seen_at:time? calls!:int refused!:int failed!:int last_problem:text? "
     "last_problem_at:time? feed_at:time? behind:int"},
    {"TokenNew", "name! role area unit expires_at:time"},
    {"TokenSecret", "id! name role area unit enabled:bool created_at:time expires_at:time? secret:text?"},
    {"Credential", "id! name assets:[text] enabled:bool created_at:time old_secret_until:time?"},
    {"CredentialNew", "id name assets!:[text]"},
    {"CredentialSecret", "id! name assets:[text] enabled:bool created_at:time old_secret_until:time? secret:text?"},
    {"AuditEntry", "number!:int at!:time actor! action! subject outcome detail previous digest"},
    {"List", "items!:[any] next!:text? total:int"},
});

void put_plain(JsonWriter& out, std::string_view type, bool nullable) {
  const auto name = [&](std::string_view plain) {
    out.key("type");
    nullable ? out.begin_array().value(plain).value("null").end_array() : out.value(plain);
  };
  if (type.find('|') != std::string_view::npos) {
    out.key("enum").begin_array();
    while (!type.empty()) {
      const std::size_t end = std::min(type.find('|'), type.size());
      out.value(type.substr(0, end));
      type.remove_prefix(std::min(end + 1, type.size()));
    }
    out.end_array();
  } else if (type == "int") {
    name("integer");
  } else if (type == "bool") {
    name("boolean");
  } else if (type == "time") {
    name("string");
    out.member("format", "date-time");
  } else if (type == "number" || type == "object") {
    name(type);
  } else if (type != "any") {
    name("string");
  }
}

void put_type(JsonWriter& out, std::string_view type) {
  const bool nullable = type.ends_with('?');
  if (nullable) type.remove_suffix(1);
  out.begin_object();
  if (type.starts_with('[')) {
    out.member("type", "array").key("items");
    put_type(out, type.substr(1, type.size() - 2));
  } else if (is_schema(type)) {
    const std::string ref = "#/components/schemas/" + std::string(type);
    if (nullable)
      out.key("oneOf").begin_array().begin_object().member("$ref", ref).end_object().begin_object().member("type", "null").end_object().end_array();
    else
      out.member("$ref", ref);
  } else {
    put_plain(out, type, nullable);
  }
  out.end_object();
}

void put_schema(JsonWriter& out, const Schema& schema) {
  out.key(schema.name).begin_object().member("type", "object");
  std::vector<std::string_view> required;
  out.key("properties").begin_object();
  std::string_view rest = schema.members;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view member = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t colon = std::min(member.find(':'), member.size());
    std::string_view name = member.substr(0, colon);
    if (name.ends_with('!')) {
      name.remove_suffix(1);
      required.push_back(name);
    }
    out.key(name);
    put_type(out, colon == member.size() ? "text" : member.substr(colon + 1));
  }
  out.end_object();
  if (!required.empty()) out.list("required", required);
  out.end_object();
}

}  // namespace

bool is_schema(std::string_view name) {
  const auto is_it = [&](const Schema& schema) { return schema.name == name; };
  return std::any_of(kSchemas.begin(), kSchemas.end(), is_it);
}

void put_schemas(JsonWriter& out) {
  for (const Schema& schema : kSchemas) put_schema(out, schema);
}

}  // namespace cityloop::serve
