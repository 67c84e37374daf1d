"""Every fault and every doubt that a written file can have, each under a stable code with a page in `docs/checks`.

`SG0xx` the text itself. `SG1xx` keys and values. `SG2xx` catalogues. `SG3xx` policies and consents. `SG4xx` doubts:
what is legal and suspicious. `SG5xx` the gateway's configuration. `SG6xx` policy cases. `SG7xx` what a dry run is told.
A code never changes its meaning and is never given to another fault.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Fault(StrEnum):
    """One kind of fault. Its value is the code; `means` says in a few words what is wrong."""

    means: str

    def __new__(cls, code: str, means: str) -> Self:
        """Make the code itself the value."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.means = means
        return member

    # -- the text itself
    UNREADABLE = "SG001", "the file or folder can't be read"
    NO_FILES = "SG002", "there are no policies in the folder"
    TOO_MANY_FILES = "SG003", "there are too many files in the folder"
    TOO_LARGE = "SG004", "the file is too large"
    NOT_UTF8 = "SG005", "the file is not UTF-8 text"
    HIDDEN_CHARACTER = "SG006", "a character does not show"
    NOT_YAML = "SG007", "the text is not YAML"
    TOO_DEEP = "SG008", "the text is nested too deep"
    EMPTY_FILE = "SG009", "the file is empty"
    SECOND_DOCUMENT = "SG010", "the file holds a second document"
    DIRECTIVE = "SG011", "the file begins with a YAML directive"
    ANCHOR = "SG012", "an anchor or an alias"
    TAG = "SG013", "a YAML tag"
    MERGE_KEY = "SG014", "a merge key"
    KEY_TWICE = "SG015", "a key stands twice"
    KEY_NOT_TEXT = "SG016", "a key is not text"
    AMBIGUOUS_KEY = "SG017", "a key that YAML readers disagree about"

    # -- keys and values
    UNKNOWN_KEY = "SG101", "an unknown key"
    MISSING_KEY = "SG102", "a key is missing"
    WRONG_KIND = "SG103", "a value of the wrong kind"
    AMBIGUOUS_VALUE = "SG104", "a value that YAML readers disagree about"
    NO_VALUE = "SG105", "nothing stands where a value is needed"
    OUT_OF_RANGE = "SG106", "a number is out of range"
    UNKNOWN_WORD = "SG107", "a word that is none of those known here"
    EMPTY_LIST = "SG108", "a list is empty"
    TWICE_IN_LIST = "SG109", "something stands twice in a list"
    BAD_NAME = "SG110", "a name is written in a way that no name may be"
    NAME_TAKEN = "SG111", "two things have the same name"
    BAD_HEADER = "SG112", "no header can have this name"

    # -- catalogues
    BAD_REQUEST = "SG201", "a request is not a method and a path"
    BAD_METHOD = "SG202", "a method that is none, or is never passed"
    BAD_PATH = "SG203", "a path is not written as a path"
    BAD_SELECTOR = "SG204", "a selector is not one of its format"
    SELECTS_SEVERAL = "SG205", "a selector can find several values where one is needed"
    UNKNOWN_MESSAGE = "SG206", "an unknown message"
    UNKNOWN_CLASS = "SG207", "an unknown class"
    CLASHING_OPERATIONS = "SG208", "a request could be two operations"
    LIST_OF_LISTS = "SG209", "the record of a list is a list itself"
    RECORD_NOT_JSON = "SG210", "the record of a list is of another format"
    NOT_JSON = "SG211", "a key that messages of this format don't take"
    CLASS_OF_JSON = "SG212", "a message with fields has a class as a whole"
    RECORDS_AND_EACH = "SG213", "`records` and `each` do not stand together"
    CUSTOMER_INSIDE = "SG214", "a customer is looked for inside a document"
    CUSTOMER_PLACES = "SG215", "a customer is not named in exactly one place"
    CUSTOMER_NOT_IN_PATH = "SG216", "a customer is looked for in a path that does not name it"
    CUSTOMER_NOT_IN_REQUEST = "SG217", "the customer of a request is looked for in the response"
    TOLD_BY_NO_BODY = "SG218", "a request is told by its body, and has none that can be read"
    BODY_VALUE = "SG219", "a request is told by a value that is neither text nor a whole number"
    UPGRADE_NOT_GET = "SG220", "an upgrade of another request than GET"
    SELECTORS_CLASH = "SG221", "selectors that can't be used together"
    ENDLESS = "SG222", "a message holds itself"
    ENCODED_NOTHING = "SG223", "an encoding of a message that is not named"
    BATCH_WITH_MORE = "SG224", "a batch with messages of its own"
    BATCH_NOT_POST = "SG225", "a batch of another request than POST"

    NO_VARIABLE = "SG230", "a variable is labelled that is not in the path"
    WIRING_HEADER = "SG231", "a header is labelled that the message itself hangs on"
    LABELLED_TWICE = "SG232", "a parameter or a header is labelled twice"
    CLASS_OR_LANGUAGE = "SG233", "a parameter has not exactly one of a class and a language"
    NOT_OF_LANGUAGE = "SG234", "a parameter that its query language does not have"
    LANGUAGE_OF_NOTHING = "SG235", "a query without a message that says what it names"
    TWO_MESSAGES = "SG237", "queries of one operation that name the fields of two messages"
    ADDRESS_OF_MESSAGE = "SG236", "an address that holds a message"

    NO_NAMES = "SG238", "names are labelled, or asked for, where there are none"

    # -- policies and consents
    NO_RULE = "SG301", "a policy without a rule"
    ALLOW_FALSE = "SG302", "`allow: false`"
    DENY_FALSE = "SG303", "`deny: false`"
    UNKNOWN_SYSTEM = "SG304", "an unknown system"
    UNKNOWN_OPERATION = "SG305", "an unknown operation"
    OPERATION_ELSEWHERE = "SG306", "an operation of another system than `to` names"
    UNKNOWN_CONSENT = "SG307", "an unknown consent"
    NO_ATTRIBUTE = "SG308", "`operator` or `customer` names no attribute"
    BAD_NETWORK = "SG309", "what stands there is no network"
    BAD_TIME = "SG310", "what stands there is no time of day"
    HALF_A_WINDOW = "SG311", "`from` and `until` do not stand together"
    UNKNOWN_ZONE = "SG312", "an unknown time zone"
    EMPTY_UNLESS = "SG313", "an empty `unless`"
    REGION_TWICE = "SG314", "the region stands twice in an `unless`"
    MISSING_OPTION = "SG315", "a treatment lacks an option that it needs"
    BAD_OPTION = "SG316", "an option of a treatment does not fit"
    EMPTY_WATERMARK = "SG317", "a watermark that neither shows nor forbids anything"
    LONE_BRACE = "SG318", "a brace stands alone in a watermark"
    UNKNOWN_PLACEHOLDER = "SG319", "a watermark names something that no mark has"

    # -- doubts: it can be used, and somebody should look
    ALLOWS_EVERYTHING = "SG401", "a policy allows everything"
    NEVER_APPLIES = "SG402", "a rule never applies"
    CLASS_NOWHERE = "SG403", "a rule about a class that no field has"
    HIDDEN_MARK = "SG404", "a hidden mark is asked for"
    NOTHING_ALLOWED = "SG405", "no policy allows anything"
    UNUSED_CONSENT = "SG406", "a consent that no rule asks for"
    UNUSED_MESSAGE = "SG407", "a message that no operation carries"
    SLOW_SELECTOR = "SG408", "a selector that needs a walk through the whole body"
    ASKS_ITSELF = "SG409", "a rule about a system that asks itself"
    NO_BODY = "SG410", "a rule about a leg that has no body"
    CLASS_COVERED = "SG411", "a class that another one in the same list covers"
    NOTHING_TO_MARK = "SG412", "a watermark where there is nothing to mark"
    UNMARKABLE = "SG413", "a watermark on what can't be marked"
    UNLESS_ALWAYS = "SG414", "an `unless` that always holds"
    UNLESS_NEVER = "SG415", "an `unless` that never holds"
    ADDS_NOTHING = "SG416", "a protection that adds nothing to another one"
    BECOMES_REDACT = "SG417", "two treatments that become `redact` together"
    KEEP_UNDOES_NOTHING = "SG418", "a `keep` beside another protection"
    NOT_ALLOWED = "SG419", "a restriction on what nobody is allowed"
    DENIED_WHOLE = "SG420", "a grant that a denial takes back"
    UNUSED_OPERATION = "SG421", "an operation that nobody is allowed"
    SAME_PLACE = "SG422", "two selectors for one place"
    KEEPS_UNLISTED = "SG423", "personal data in a message that shows what has no label"
    UNNAMED_CLASS = "SG424", "sensitive data that no rule names"
    UNNAMED_PURPOSE = "SG425", "a consent for a purpose that no rule names"
    IDLE_TRUST = "SG426", "`purpose_from` where no purpose is asked for"
    OBSERVES = "SG427", "a policy that only observes"
    UNNAMED_MAP = "SG428", "names of a map that nobody labelled"
    SEPARATES = "SG429", "a treatment whose result X12 can't hold"
    QUERY_UNREAD = "SG430", "a query that nobody reads asks about what is hidden"
    NEAR_METHOD = "SG431", "a method that is nearly one that is known"
    REVEALS_NOTHING = "SG432", "a `reveal` with nothing to turn back"
    NO_CUSTOMER = "SG433", "a treatment under customers' keys where no customer is named"

    # -- the gateway's configuration
    NO_PROOF = "SG501", "nobody could prove who they are"
    DEVELOPMENT_BESIDE = "SG502", "development mode beside another proof"
    DEVELOPMENT_OPEN = "SG503", "development mode where others can call"
    MTLS_WITHOUT_TLS = "SG504", "client certificates without TLS"
    KEYS_IN_ONE_PLACE = "SG505", "the issuer's keys are not in exactly one place"
    BAD_KEYS_URL = "SG506", "an address that keys are not fetched from"
    BAD_PREFIX = "SG507", "a path prefix is not written as one"
    BAD_UPSTREAM = "SG508", "an upstream is not written as an address"
    NOT_IN_ENVIRONMENT = "SG509", "the environment lacks a secret"
    BAD_SECRET = "SG510", "a secret that no header can hold"
    BAD_LISTENER = "SG511", "a flag is not HOST:PORT"
    BAD_KEY_SET = "SG512", "a key set can't be used"
    KEYS_SECRET = "SG513", "what protects the customers' keys can't be used"
    KEYS_UNPROTECTED = "SG514", "a rule needs customers' keys, and nothing protects them"
    UNKNOWN_PROVIDER = "SG515", "an unknown provider of keys"
    BAD_PROVIDER = "SG516", "a provider of keys is not written as one"
    BAD_WITNESS = "SG517", "who attests the log is not written as one who can"
    NEVER_ATTESTED = "SG518", "the log would never be attested as it should"

    OWN_ADDRESS = "SG520", "the gateway's own address is missing, or is none"
    EMPTY_LEVEL = "SG521", "a level of assurance asks for nothing"

    BAD_CREDENTIAL = "SG522", "a registered authenticator can't be used"
    BAD_ANCHOR = "SG523", "whom to trust about devices is missing, or can't be read"
    BAD_PROXIES = "SG524", "which proxies are trusted is not written as it must be"
    BAD_DATABASE = "SG525", "a database of networks can't be used"

    # -- policy cases: as written
    NO_CASES = "SG601", "a file of cases without a case"
    EXPECTS_NOTHING = "SG602", "a case that expects nothing"
    SAME_SITUATION = "SG603", "two rows of a table are the same situation"
    TWO_BODIES = "SG604", "a body is written out and in a file as well"
    FILE_OUTSIDE = "SG605", "a case's file lies outside of the folder of the cases"
    NO_BODY_FILE = "SG606", "a body's file isn't there"
    NO_JSON = "SG607", "a number that can't stand in a body written as YAML"
    BAD_PEER = "SG608", "what stands there is no address"
    BAD_MOMENT = "SG609", "what stands there is no moment"
    UNKNOWN_COLUMN = "SG610", "an unknown column of a table"
    ROW_LENGTH = "SG611", "a row has more or fewer cells than its table has columns"
    NO_PLACE = "SG612", "what stands there is no place of a message"
    UNKNOWN_RULE = "SG613", "an unknown rule"
    CONTRADICTION = "SG614", "a case expects what can't be together"
    BAD_NUMBER = "SG615", "what stands there counts no request of a batch"

    # -- policy cases: as they turn out
    REACHES_NOTHING = "SG631", "a case reaches nothing of what it is about"
    OTHER_VERDICT = "SG632", "the verdict is another one"
    OTHER_OPERATION = "SG633", "the operation is another one"
    OTHER_TREATMENT = "SG634", "a place meets another treatment"
    OTHER_BODY = "SG635", "a body is another one"
    OTHER_ANSWER = "SG636", "the status or a header is another one"
    OTHER_RULES = "SG637", "a rule had no say"
    OTHER_WATERMARK = "SG638", "the watermark is another one"
    CASE_BROKE = "SG639", "the gateway itself failed on a case"
    TWO_GOLDENS = "SG640", "two cases expect one file to be different"
    NOT_WRITTEN = "SG641", "a golden body can't be written"
    UNMET_CUSTOMER = "SG651", "a case tells of a customer whom nothing asks for"
    UNASKED_CONSENT = "SG652", "a case grants a consent that nothing asks for"
    UNASKED_ATTRIBUTE = "SG653", "a case tells an attribute that nothing asks for"

    # -- what no policy case reaches
    RULE_NOT_REACHED = "SG661", "no case reaches a rule"
    UNLESS_NOT_REACHED = "SG662", "no case is exempted by an `unless`"
    FIELD_NOT_REACHED = "SG663", "no case reaches a field"
    OPERATION_NOT_REACHED = "SG664", "no case reaches an operation"
    COVERAGE_TOO_LOW = "SG665", "the cases reach less than they should"
